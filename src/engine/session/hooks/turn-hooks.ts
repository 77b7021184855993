import { hookNote } from '../../../context/index.ts';
import { KeelError, type ResponseItem } from '../../../foundation/protocol/index.ts';
import type { CompactionTrigger, TurnHooks } from '../../turn/index.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import type { HookAsked, HookMoment } from './hook-moment.ts';
import type { SessionHooks } from './session-hooks.ts';

/** A question for all hooks of an event whose matchers admit the subject. */
export function asking(subject: string | null, fields: HookAsked['fields'] = {}): readonly HookAsked[] {
  return [{ subject, names: null, content: '', fields }];
}

/** Hooks that are asked in a turn show what they have to say as warnings of it. */
function momentOf({ context, abort, recorder }: ActiveTurn): HookMoment {
  return {
    turnId: context.turnId,
    context,
    signal: abort.signal,
    onMessage: (message) => recorder.warn(message),
  };
}

/** The hooks at the moments that the turn loop knows. */
export function turnHooks(hooks: SessionHooks, active: ActiveTurn): TurnHooks {
  const stopEvent = hooks.isChild ? 'SubagentStop' : 'Stop';
  const moment = momentOf(active);
  return {
    has(at) {
      if (at === 'stop') return hooks.has(stopEvent);
      return at === 'beforeCompaction' ? hooks.has('PreCompact') : hooks.has('PostCompact') || hooks.startsThreads;
    },
    async stop({ lastMessage, blocks }) {
      const fields = { last_assistant_message: lastMessage, stop_hook_active: blocks > 0, stop_hook_blocks: blocks };
      const { decision, reason, stop } = await hooks.ask(stopEvent, asking(null, fields), moment);
      // A hook that ends the turn does not keep it from its end.
      return decision === 'deny' && stop === null ? (reason ?? '') : null;
    },
    async beforeCompaction(trigger) {
      const fields = { trigger, custom_instructions: active.focus ?? '' };
      const { decision, reason, stop } = await hooks.ask('PreCompact', asking(trigger, fields), moment);
      return decision === 'deny' || stop !== null ? (reason ?? stop ?? '') : null;
    },
    async afterCompaction(trigger: CompactionTrigger) {
      if (hooks.has('PostCompact')) await hooks.ask('PostCompact', asking(trigger, { trigger }), moment);
      if (!hooks.startsThreads) return [];
      const { contexts } = await hooks.ask('SessionStart', asking('compact', { source: 'compact' }), moment);
      return contexts.map(hookNote);
    },
  };
}

/**
 * SessionStart, before the first request of this session.
 * @returns what the model is sent
 * @throws KeelError `stoppedByHook`
 */
export async function startedByHooks(hooks: SessionHooks, active: ActiveTurn): Promise<readonly ResponseItem[]> {
  const source = hooks.takeStart();
  if (source === null) return [];
  const { contexts, stop } = await hooks.ask('SessionStart', asking(source, { source }), momentOf(active));
  if (stop !== null) throw new KeelError('stoppedByHook', `A hook ended the session: ${stop}`);
  return contexts.map(hookNote);
}

export type PromptVerdict =
  | { readonly type: 'dropped'; readonly reason: string }
  /** `notes` follow the prompt. */
  | { readonly type: 'taken'; readonly notes: readonly ResponseItem[] };

/** UserPromptSubmit: whether what the user wrote becomes part of the conversation. */
export async function judgedPrompt(
  hooks: SessionHooks | null,
  prompt: string,
  active: ActiveTurn,
): Promise<PromptVerdict> {
  // A child's prompt is its parent's, not the user's.
  const isAsked = hooks !== null && !hooks.isChild && prompt !== '' && hooks.has('UserPromptSubmit');
  if (!isAsked) return { type: 'taken', notes: [] };
  const moment = momentOf(active);
  const { decision, reason, contexts, stop } = await hooks.ask('UserPromptSubmit', asking(null, { prompt }), moment);
  if (decision !== 'deny' && stop === null) return { type: 'taken', notes: contexts.map(hookNote) };
  return { type: 'dropped', reason: reason ?? stop ?? '' };
}
