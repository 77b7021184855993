import type { ApprovalDecision } from '../../../foundation/protocol/index.ts';
import type { ToolCall } from '../../../tools/contract/index.ts';
import { type CallView, callViews, changedCall } from '../../../tools/hooks/index.ts';
import type { HookOpinion, ToolOutput } from '../../../tools/index.ts';
import type { HookAsked, HookAsker, HookMoment } from './hook-moment.ts';

/** What hooks said before a call. */
export type BeforeCall =
  /** `reason` is for the model and the user. */
  | { readonly type: 'refused'; readonly reason: string; readonly stop: string | null }
  | {
      readonly type: 'run';
      /** With the arguments that a hook gave it. */
      readonly call: ToolCall;
      readonly opinion: HookOpinion;
      /** For the model, to follow the output. */
      readonly notes: readonly string[];
    };

/** What the user would be asked. */
export interface Permission {
  readonly reason: string | null;
  /** Whether a hook may say yes. */
  readonly mayAllow: boolean;
}

/** What hooks said after a call. */
export interface AfterCall {
  /** For the model. */
  readonly notes: readonly string[];
  /** The reason for which the turn is to end; null: it continues. */
  readonly stop: string | null;
}

/** A call of the model as the hooks around it are asked about it. */
export class CallHooks {
  readonly #hooks: HookAsker;

  constructor(hooks: HookAsker) {
    this.#hooks = hooks;
  }

  /** PreToolUse: whether the call may be made, and with which arguments. What it then does is judged like any call. */
  async before(call: ToolCall, moment: HookMoment): Promise<BeforeCall> {
    const none = { type: 'run', call, opinion: { type: 'none' }, notes: [] } as const;
    if (!this.#hooks.has('PreToolUse')) return none;
    const { views, asked } = askedAbout(call, moment);
    const { decision, reason, updated, contexts, stop } = await this.#hooks.ask('PreToolUse', asked, moment);
    if (decision === 'deny' || stop !== null) return { type: 'refused', reason: reason ?? stop ?? '', stop };
    const said = reason ?? 'a hook asks';
    const opinion: HookOpinion = decision === 'ask' ? { type: 'ask', reason: said } : { type: decision ?? 'none' };
    if (updated === null) return { ...none, opinion, notes: contexts };
    const view = views.find(
      ({ tool, input }) => updated.question.subject === tool && updated.question.input['tool_input'] === input,
    );
    const changed = view === undefined ? null : changedCall(call, view, updated.input);
    if (changed === null) {
      const what = `a hook gave ${call.name} other arguments in a form that can't be used for it, so it did not run`;
      return { type: 'refused', reason: what, stop: null };
    }
    const note = `A hook changed the arguments of this call to: ${JSON.stringify(updated.input)}`;
    return { type: 'run', call: changed, opinion, notes: [note, ...contexts] };
  }

  /** PostToolUse: what hooks have to say to the model about what the call did. */
  async after(call: ToolCall, output: ToolOutput, moment: HookMoment): Promise<AfterCall> {
    if (!this.#hooks.has('PostToolUse')) return { notes: [], stop: null };
    const { asked } = askedAbout(call, moment, { tool_response: responseOf(output) });
    const { decision, reason, contexts, stop } = await this.#hooks.ask('PostToolUse', asked, moment);
    const feedback = decision === 'deny' && reason !== null ? [`A hook objects to what this call did: ${reason}`] : [];
    return { notes: [...feedback, ...contexts], stop };
  }

  /** PermissionRequest: the decision in the user's place; null: the user is asked. */
  async permission(
    call: ToolCall,
    { reason, mayAllow }: Permission,
    moment: HookMoment,
  ): Promise<ApprovalDecision | null> {
    if (!this.#hooks.has('PermissionRequest')) return null;
    const { asked } = askedAbout(call, moment, reason === null ? {} : { description: reason });
    const verdict = await this.#hooks.ask('PermissionRequest', asked, moment);
    if (verdict.decision === 'deny' || verdict.stop !== null) {
      return { type: 'denied', message: `a hook: ${verdict.reason ?? verdict.stop ?? 'no reason'}` };
    }
    return verdict.decision === 'allow' && mayAllow ? { type: 'approved' } : null;
  }
}

function askedAbout(
  call: ToolCall,
  { context }: HookMoment,
  more: Readonly<Record<string, unknown>> = {},
): { readonly views: readonly CallView[]; readonly asked: readonly HookAsked[] } {
  const views = callViews(call, context);
  const asked = views.map(({ tool, names, content, input }) => ({
    ...{ subject: tool, names, content },
    fields: { tool_name: tool, tool_input: input, tool_use_id: call.callId, ...more },
  }));
  return { views, asked };
}

function responseOf({ body, success }: ToolOutput): Readonly<Record<string, unknown>> {
  const text =
    typeof body === 'string'
      ? body
      : body.map((part) => (part.type === 'input_text' ? part.text : '[image]')).join('\n');
  return { success, output: text, stdout: text, stderr: '' };
}
