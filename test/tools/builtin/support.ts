import type {
  ApprovalDecision,
  ApprovalQuestion,
  ThreadItem,
  UserInput,
} from '../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../src/models/catalogue/index.ts';
import { ExecSessions, Processes } from '../../../src/system/process/index.ts';
import { CommandJudge } from '../../../src/tools/approvals/index.ts';
import type { ToolContext, ToolHandler } from '../../../src/tools/contract/tool.ts';
import type { ToolOutput } from '../../../src/tools/contract/tool-call.ts';
import { ApprovalCache, Orchestrator } from '../../../src/tools/orchestrator/index.ts';
import { TurnDiffTracker } from '../../../src/tools/patch/index.ts';
import { unconfinedRules } from '../../support/sandbox/unconfined-rules.ts';
import { noAgents } from '../../support/sessions/no-agents.ts';

export const MARK = 'keel:t3st';

type Turn = ToolContext['turn'];

/** A turn with everything real but the user, who gives the set answer and whose screen is a list. */
export class ToolTurn {
  readonly seen: string[] = [];
  readonly items: ThreadItem[] = [];
  readonly asked: ApprovalQuestion[] = [];
  readonly injected: UserInput[] = [];
  answer: ApprovalDecision = { type: 'approved' };
  isRunning = true;
  /** What happens while the user thinks. */
  onAsk: () => void = () => undefined;
  readonly context: ToolContext;
  #calls = 0;

  constructor(cwd: string, turn: Partial<Turn> = {}) {
    const approver = {
      request: async (request: ApprovalQuestion) => {
        this.seen.push('asked');
        this.asked.push(request);
        this.onAsk();
        return this.answer;
      },
    };
    const events = {
      itemStarted: (item: ThreadItem) => this.#saw('started', item),
      itemUpdated: (item: ThreadItem) => this.#saw('updated', item),
      itemCompleted: (item: ThreadItem) => this.#saw('completed', item),
      delta: () => undefined,
      planUpdated: (explanation: string | null, steps: unknown) =>
        this.seen.push(`plan ${JSON.stringify([explanation, steps])}`),
      warning: (message: string) => this.seen.push(`warning ${message}`),
    };
    this.context = {
      turn: turnContext(cwd, turn),
      events,
      orchestrator: new Orchestrator({ approver, cache: new ApprovalCache(), rules: unconfinedRules, run: null }),
      processes: new Processes('handlers-test'),
      sessions: new ExecSessions(),
      diff: new TurnDiffTracker(cwd),
      agents: noAgents,
      askUser: () => Promise.resolve(null),
      injectInput: (items) => {
        if (this.isRunning) this.injected.push(...items);
        return this.isRunning;
      },
      spillPath: () => null,
      waitedForUserMs: () => 0,
      spillMaxBytes: 1_000_000,
      env: { PATH: process.env['PATH'] ?? '' },
      shell: '/bin/bash',
      protection: {},
      documents: null,
      checksSyntax: true,
      judge: new CommandJudge(),
    };
  }

  /** A function call with these arguments; a string is sent as it is. */
  call(handler: ToolHandler, args: unknown, signal = new AbortController().signal): Promise<ToolOutput> {
    const text = typeof args === 'string' ? args : JSON.stringify(args);
    return this.#run(handler, { type: 'function', arguments: text }, signal);
  }

  freeform(handler: ToolHandler, input: string): Promise<ToolOutput> {
    return this.#run(handler, { type: 'custom', input }, new AbortController().signal);
  }

  #run(handler: ToolHandler, payload: Parameters<ToolHandler['run']>[0]['payload'], signal: AbortSignal) {
    this.#calls += 1;
    return handler.run({ callId: `call-${this.#calls}`, name: 'the_tool', payload }, this.context, signal);
  }

  #saw(what: string, item: ThreadItem): void {
    this.items.push(item);
    this.seen.push('status' in item ? `${what} ${item.type} ${item.status}` : `${what} ${item.type}`);
  }
}

/** A turn in `cwd`, with what differs from an ordinary one. */
export function turnContext(cwd: string, turn: Partial<Turn>): Turn {
  return {
    threadId: 'thread',
    date: '2026-01-02',
    turnId: 'turn',
    taskKind: 'regular',
    cwd,
    approvalPolicy: 'on-request',
    sandboxPolicy: workspaceOnly,
    allowedHosts: null,
    canAsk: true,
    offersEscalation: true,
    offersKeepRunning: false,
    allowsCommits: false,
    model: modelInfo('gpt-5', {}),
    effort: null,
    summary: 'auto',
    instructions: '',
    outputSchema: null,
    shellEnvironmentPolicy: {
      inherit: 'all',
      ignoreDefaultExcludes: false,
      exclude: [],
      set: {},
      includeOnly: [],
      useProfile: true,
    },
    noteMark: MARK,
    ...turn,
  };
}

/** The working directory may be written and nothing beside it: test directories lie side by side in a temporary one. */
export const workspaceOnly: Turn['sandboxPolicy'] = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
};

export function textOf({ body }: ToolOutput): string {
  if (typeof body !== 'string') throw new Error('not a text');
  return body;
}
