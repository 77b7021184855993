import {
  type EnvironmentFacts,
  environmentContext,
  noteMark,
  serverNote,
  type TurnContext,
  userInstructions,
} from '../../../context/index.ts';
import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { RepositoryFacts } from '../../../system/git/index.ts';
import type { SessionServices } from '../services.ts';
import { contextBudget } from './context-budget.ts';

/** The surroundings of a turn as the model is sent them. */
export function environmentFacts(
  context: TurnContext,
  { sandbox }: Pick<SessionServices, 'sandbox'>,
): EnvironmentFacts {
  const { cwd, approvalPolicy, sandboxPolicy, allowedHosts, allowsCommits, canAsk, date } = context;
  return {
    cwd,
    approvalPolicy,
    sandboxPolicy,
    allowedHosts,
    allowsCommits,
    canAsk,
    date,
    sandboxEnforced: true,
    hasLoopback: sandbox.hasLoopback,
  };
}

export interface FirstContextParts {
  /** Null: not known, or not to be sent. */
  readonly repository: RepositoryFacts | null;
  /** The list of skills; null: there are none. */
  readonly skills: ResponseItem | null;
  readonly onWarning?: (message: string) => void;
}

/** The messages before the first request of a thread. */
export function firstContext(
  context: TurnContext,
  services: SessionServices,
  { repository, skills, onWarning = () => undefined }: FirstContextParts,
): ResponseItem[] {
  const { config, shell, threadId } = services;
  const { child } = services;
  const instructions =
    child !== null && !child.hasUserInstructions
      ? null
      : userInstructions({
          home: config.home,
          cwd: config.cwd,
          maxBytes: config.projectDocMaxBytes,
          windowBytes: contextBudget(context).instructionsBytes,
          fallbackNames: config.projectDocFallbackFilenames,
          hidden: config.sandbox.hidden,
          untrusted: config.projectTrust === 'untrusted',
          onWarning,
        });
  const environment = environmentContext(environmentFacts(context, services), {
    shell: shell.name,
    os: `${process.platform} ${process.arch}`,
    date: context.date,
    repository,
    noteMark: noteMark(threadId, services.digests),
    budget: config.budget,
  });
  const servers = (services.mcp?.instructions() ?? []).map(serverNote);
  const sent = [instructions, skills].filter((message) => message !== null);
  return [...sent, environment, ...servers, ...(child?.opening ?? [])];
}

/** The date in the user's time zone, `YYYY-MM-DD`. */
export function localDate(nowMs: number): string {
  const now = new Date(nowMs);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
