import { join } from 'node:path';
import {
  type ApprovalDecision,
  type ApprovalRequest,
  commandEnd,
  type ThreadItem,
} from '../../../../src/foundation/protocol/index.ts';
import { ExecSessions } from '../../../../src/system/process/index.ts';
import { CommandJudge } from '../../../../src/tools/approvals/index.ts';
import type { ToolContext } from '../../../../src/tools/contract/tool.ts';
import type { ToolOutput, ToolPayload } from '../../../../src/tools/contract/tool-call.ts';
import { ApprovalCache, builtinTools, Orchestrator } from '../../../../src/tools/index.ts';
import { TurnDiffTracker } from '../../../../src/tools/patch/index.ts';
import { unconfinedRules } from '../../../support/sandbox/unconfined-rules.ts';
import { noAgents } from '../../../support/sessions/no-agents.ts';
import { Workshop } from '../../../system/process/support.ts';
import { turnContext } from '../support.ts';

export const MARK = 'keel:0a1b2c';
type CommandItem = Extract<ThreadItem, { type: 'commandExecution' }>;

/** A turn that runs commands for real; its user gives the set answer. */
export class CommandTurn implements Disposable {
  readonly shop = new Workshop();
  readonly sessions = new ExecSessions();
  readonly items: (readonly ['started' | 'completed', CommandItem])[] = [];
  readonly deltas: string[] = [];
  readonly asked: ApprovalRequest[] = [];
  answer: ApprovalDecision = { type: 'approved' };
  /** Called with each piece of live output. */
  onDelta: (delta: string) => void = () => undefined;
  turn: Partial<ToolContext['turn']> = {};
  spills = true;
  readonly #tools = builtinTools();
  #calls = 0;

  call(name: string, args: unknown, signal?: AbortSignal): Promise<ToolOutput> {
    return this.#run(
      name,
      { type: 'function', arguments: typeof args === 'string' ? args : JSON.stringify(args) },
      signal,
    );
  }

  localShell(command: string[]): Promise<ToolOutput> {
    return this.#run('local_shell', { type: 'localShell', action: { type: 'exec', command } });
  }

  /** The answer to the model, of a call that answers in text. */
  async text(name: string, args: unknown, signal?: AbortSignal): Promise<string> {
    const { body } = await this.call(name, args, signal);
    if (typeof body !== 'string') throw new Error('not a text');
    return body;
  }

  /** The same of a command that ended: its output and its exit code. */
  async ended(name: string, args: unknown): Promise<{ output: string; exitCode: number }> {
    const end = commandEnd(await this.text(name, args));
    if (end === null) throw new Error('it has not ended');
    return end;
  }

  /** The last command as people saw it in the end. */
  get lastItem(): CommandItem {
    const last = this.items.at(-1);
    if (last?.[0] !== 'completed') throw new Error('nothing was completed');
    return last[1];
  }

  spillPath(callId: string): string {
    return join(this.shop.dir.path, 'output', `${callId}.log`);
  }

  [Symbol.dispose](): void {
    this.sessions.close();
    this.shop[Symbol.dispose]();
  }

  #run(name: string, payload: ToolPayload, signal = new AbortController().signal): Promise<ToolOutput> {
    this.#calls += 1;
    const handler = this.#tools.handler(name);
    if (!handler) throw new Error(`no tool ${name}`);
    return handler.run({ callId: `call-${this.#calls}`, name, payload }, this.#context(), signal);
  }

  #saw(what: 'started' | 'completed', item: ThreadItem): void {
    if (item.type === 'commandExecution') this.items.push([what, item]);
  }

  #context(): ToolContext {
    const cwd = this.shop.dir.path;
    const approver = {
      request: async (request: ApprovalRequest) => {
        this.asked.push(request);
        return this.answer;
      },
    };
    return {
      turn: {
        ...turnContext(cwd, { approvalPolicy: 'never', sandboxPolicy: { mode: 'danger-full-access' }, noteMark: MARK }),
        ...this.turn,
      },
      events: {
        itemStarted: (item) => this.#saw('started', item),
        itemUpdated: () => undefined,
        itemCompleted: (item) => this.#saw('completed', item),
        delta: ({ delta }) => {
          this.deltas.push(delta);
          this.onDelta(delta);
        },
        planUpdated: () => undefined,
        warning: () => undefined,
      },
      orchestrator: new Orchestrator({ approver, cache: new ApprovalCache(), rules: unconfinedRules, run: null }),
      processes: this.shop.processes,
      sessions: this.sessions,
      diff: new TurnDiffTracker(cwd),
      agents: noAgents,
      askUser: () => Promise.resolve(null),
      injectInput: () => false,
      spillPath: (callId) => (this.spills ? this.spillPath(callId) : null),
      waitedForUserMs: () => 0,
      spillMaxBytes: 1_000_000,
      env: { ...this.shop.env, PS1: '$ ' },
      shell: '/bin/bash',
      protection: {},
      documents: null,
      checksSyntax: true,
      judge: new CommandJudge(),
    };
  }
}
