import type { ApprovalDecision, ApprovalRequest, CommandAction, FileUpdate } from '../../protocol/index.ts';
import { type CommandSpec, type ExecPlan, mayWrite, plan } from '../../sandbox/index.ts';
import type { Approver, ToolContext } from '../types.ts';
import { type ApprovalCache, commandKey, fileKeys } from './approval-cache.ts';
import { commandRequirement, NOBODY_CAN_APPROVE, patchRequirement, type Requirement } from './requirement.ts';

/** What came of a call that needed leave: its value, or what the model is told instead. */
export type Orchestrated<T> =
  | { readonly type: 'done'; readonly value: T }
  | { readonly type: 'refused'; readonly message: string };

export interface CommandRequest<T> {
  readonly callId: string;
  readonly spec: CommandSpec;
  readonly escalated: boolean;
  readonly justification: string | null;
  readonly commandActions: readonly CommandAction[];
  readonly run: (plan: ExecPlan) => Promise<T>;
}

export interface PatchRequest<T> {
  readonly callId: string;
  readonly changes: readonly FileUpdate[];
  /** Every path the patch touches, absolute; move targets too. */
  readonly paths: readonly string[];
  readonly apply: (mayWrite: (path: string) => boolean) => Promise<T>;
}

/**
 * The one place where a call meets the user's policies: does it need approval, how is it held, who decides. Handlers say
 * what they want to do and how; they never ask, and they never choose.
 */
export class Orchestrator {
  readonly #approver: Approver;
  readonly #cache: ApprovalCache;

  /** The cache lives as long as the session, the approver as long as the turn. */
  constructor(approver: Approver, cache: ApprovalCache) {
    this.#approver = approver;
    this.#cache = cache;
  }

  async runCommand<T>(
    request: CommandRequest<T>,
    { turn }: ToolContext,
    signal: AbortSignal,
  ): Promise<Orchestrated<T>> {
    const { callId, spec, escalated, justification } = request;
    const requirement = commandRequirement({ ...turn, escalated, justification });
    const refusal = await this.#meet(requirement, turn.canAsk, {
      keys: [commandKey(spec, escalated)],
      refused: 'exec command rejected by user',
      signal,
      ask: (reason) => ({
        type: 'command',
        callId,
        command: [...spec.argv],
        cwd: spec.cwd,
        commandActions: [...request.commandActions],
        reason,
        escalated,
      }),
    });
    if (refusal !== null) return { type: 'refused', message: refusal };
    return { type: 'done', value: await request.run(plan({ spec, policy: turn.sandboxPolicy })) };
  }

  async runPatch<T>(request: PatchRequest<T>, context: ToolContext, signal: AbortSignal): Promise<Orchestrated<T>> {
    const { turn, env } = context;
    const { callId, changes } = request;
    const writePolicy = { policy: turn.sandboxPolicy, cwd: turn.cwd, env };
    const inside = (path: string) => mayWrite(path, writePolicy);
    const allWritable = request.paths.every(inside);
    const requirement = patchRequirement({
      approvalPolicy: turn.approvalPolicy,
      fileCount: request.paths.length,
      allWritable,
    });
    const refusal = await this.#meet(requirement, turn.canAsk, {
      keys: fileKeys(request.paths),
      refused: 'patch rejected by user',
      signal,
      ask: (reason) => ({ type: 'fileChange', callId, changes: [...changes], reason }),
    });
    if (refusal !== null) return { type: 'refused', message: refusal };
    // A yes covers the paths that were shown, wherever they lead; without one each is judged again as it is written.
    const approved = new Set(requirement.type === 'ask' ? request.paths : []);
    return { type: 'done', value: await request.apply((path) => approved.has(path) || inside(path)) };
  }

  /** @returns what the model is told if the call may not run, else null */
  async #meet(requirement: Requirement, canAsk: boolean, question: Question): Promise<string | null> {
    if (requirement.type === 'skip') return null;
    if (requirement.type === 'forbid') return requirement.message;
    if (this.#cache.areApproved(question.keys)) return null;
    if (!canAsk) return NOBODY_CAN_APPROVE;
    const decision = await this.#approver.request(question.ask(requirement.reason), question.signal);
    if (decision.type === 'approvedForSession') this.#cache.approve(question.keys);
    return refusalOf(decision, question.refused);
  }
}

interface Question {
  /** What a yes for the session covers. */
  readonly keys: readonly string[];
  readonly refused: string;
  readonly signal: AbortSignal;
  readonly ask: (reason: string | null) => ApprovalRequest;
}

function refusalOf(decision: ApprovalDecision, refused: string): string | null {
  switch (decision.type) {
    case 'approved':
    case 'approvedForSession':
      return null;
    case 'denied':
      return decision.message ? `${refused}\nThe user's reason: ${decision.message}` : refused;
    case 'abort':
      return 'aborted';
  }
}
