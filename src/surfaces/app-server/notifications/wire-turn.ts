import type { ErrorInfo, ErrorKind, Turn } from '../../../foundation/protocol/index.ts';
import type { ViewedTurn } from '../threads/thread-view.ts';
import { wireItems } from './wire-item.ts';

/** How much of a turn is sent: no items, the last message of the agent, or all. */
export type ItemsView = 'notLoaded' | 'summary' | 'full';

export function wireTurn(turn: Turn | ViewedTurn, view: ItemsView): object {
  const startedAt = 'startedAt' in turn ? turn.startedAt : null;
  const completedAt = 'completedAt' in turn ? turn.completedAt : null;
  return {
    id: turn.id,
    items: wireItems(itemsIn(turn, view)),
    itemsView: view,
    status: turn.status,
    error: turn.error === null ? null : wireError(turn.error),
    startedAt: seconds(startedAt),
    completedAt: seconds(completedAt),
    durationMs: startedAt === null || completedAt === null ? null : completedAt - startedAt,
  };
}

function itemsIn({ items }: Turn, view: ItemsView): Turn['items'] {
  if (view === 'full') return items;
  if (view === 'notLoaded') return [];
  const shown = [
    items.find(({ type }) => type === 'userMessage'),
    items.findLast(({ type }) => type === 'agentMessage'),
  ];
  return shown.filter((item) => item !== undefined);
}

export function wireError(error: ErrorInfo): object {
  return { message: error.message, codexErrorInfo: errorClass(error), additionalDetails: null };
}

const ERROR_NAMES: Readonly<Partial<Record<ErrorKind, string>>> = {
  contextWindowExceeded: 'contextWindowExceeded',
  usageLimitExceeded: 'usageLimitExceeded',
  quotaExceeded: 'usageLimitExceeded',
  budgetExceeded: 'sessionBudgetExceeded',
  serverOverloaded: 'serverOverloaded',
  unauthorized: 'unauthorized',
  missingCredentials: 'unauthorized',
  badRequest: 'badRequest',
  sandboxError: 'sandboxError',
  internal: 'internalServerError',
};
/** Failures of the connection, which carry the HTTP status. */
const CONNECTION_ERRORS: readonly ErrorKind[] = [
  'httpConnectionFailed',
  'responseStreamDisconnected',
  'responseTooManyFailedAttempts',
];

function errorClass({ kind, httpStatus }: ErrorInfo): unknown {
  if (CONNECTION_ERRORS.includes(kind)) return { [kind]: { httpStatusCode: httpStatus ?? null } };
  return ERROR_NAMES[kind] ?? 'other';
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1_000);
}
