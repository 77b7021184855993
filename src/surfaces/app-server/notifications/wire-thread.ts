import type { Session, ThreadSummary } from '../../../engine/threads/index.ts';
import type { Turn } from '../../../foundation/protocol/index.ts';
import { version } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import type { ThreadView, ViewedTurn } from '../threads/thread-view.ts';
import { type AskedKinds, wireApprovalPolicy, wireSandboxPolicy } from './wire-policy.ts';
import { wireTurn } from './wire-turn.ts';

export type ThreadStatus =
  | { readonly type: 'notLoaded' | 'idle' }
  | { readonly type: 'active'; readonly activeFlags: readonly ('waitingOnApproval' | 'waitingOnUserInput')[] };

/** What a thread is, beside its turns. Times are Unix milliseconds. */
export interface ThreadCard {
  readonly id: string;
  readonly path: string | null;
  readonly cwd: string;
  readonly preview: string;
  readonly name: string | null;
  readonly model: string | null;
  readonly effort: string | null;
  readonly modelProvider: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly source: string;
  readonly gitBranch: string | null;
  readonly forkedFromId: string | null;
  readonly parentId: string | null;
}

/** The card of a thread that is not open here. */
export function recordedCard(summary: ThreadSummary): ThreadCard {
  return { ...summary, effort: null, modelProvider: summary.modelProvider ?? 'unknown' };
}

export function wireThread(card: ThreadCard, status: ThreadStatus, turns: readonly (Turn | ViewedTurn)[] = []): object {
  return {
    id: card.id,
    sessionId: card.id,
    preview: card.preview,
    ephemeral: card.path === null,
    modelProvider: card.modelProvider,
    model: card.model,
    reasoningEffort: card.effort,
    createdAt: seconds(card.createdAt),
    updatedAt: seconds(card.updatedAt),
    recencyAt: seconds(card.updatedAt),
    status,
    path: card.path,
    cwd: card.cwd,
    cliVersion: version,
    source: wireSource(card.source),
    agentNickname: null,
    agentRole: null,
    gitInfo: card.gitBranch === null ? null : { sha: null, branch: card.gitBranch, originUrl: null },
    name: card.name,
    projectId: null,
    forkedFromId: card.forkedFromId,
    parentThreadId: card.parentId,
    historyMode: 'paginated',
    turns: turns.map((turn) => wireTurn(turn, 'full')),
  };
}

export type SessionSettings = Session['configuration'];

/** What comes with a thread that was started, resumed or forked. */
export function wireSession(
  thread: object,
  settings: SessionSettings,
  { config, kinds }: { readonly config: Config; readonly kinds: AskedKinds | null },
): object {
  return {
    thread,
    model: settings.model,
    modelProvider: config.provider.id,
    serviceTier: null,
    cwd: settings.cwd,
    instructionSources: [],
    approvalPolicy: wireApprovalPolicy(settings.approvalPolicy, kinds),
    approvalsReviewer: 'user',
    sandbox: wireSandboxPolicy(settings.sandboxPolicy),
    reasoningEffort: settings.effort,
    disabledPluginIds: [],
  };
}

export function statusOf({ isRunning, questions }: ThreadView): ThreadStatus {
  if (!isRunning) return { type: 'idle' };
  const flags = questions.map(({ request }) =>
    request.type === 'questions' ? ('waitingOnUserInput' as const) : ('waitingOnApproval' as const),
  );
  return { type: 'active', activeFlags: [...new Set(flags)] };
}

/** Sources that the protocol knows; keel's others have their own names there. */
const KNOWN_SOURCES = ['cli', 'vscode', 'exec', 'appServer', 'unknown'];

function wireSource(source: string): unknown {
  if (KNOWN_SOURCES.includes(source)) return source;
  return source === 'subagent' ? { subAgent: { other: source } } : { custom: source };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
