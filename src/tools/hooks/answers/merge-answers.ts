import { type Hook, hookName } from '../hook.ts';
import type { HookQuestion } from '../run/hook-question.ts';
import { type HookAnswer, type HookEnd, NO_ANSWER, strictest } from './answer.ts';

/** One run of a hook. */
export interface HookResult {
  readonly hook: Hook;
  readonly question: HookQuestion;
  readonly end: HookEnd;
}

/** What all hooks of an event say together. */
export interface HookVerdict extends Pick<HookAnswer, 'decision' | 'reason' | 'stop'> {
  /** Arguments to use in place of those in the question; null: none. */
  readonly updated: { readonly question: HookQuestion; readonly input: Readonly<Record<string, unknown>> } | null;
  /** For the model, in the order of the files. */
  readonly contexts: readonly string[];
  /** For the user: what hooks say to them, and which failed. */
  readonly messages: readonly string[];
}

/** Joins the answers: denial over question over approval, with the reasons for it. Of several changed inputs the last counts. */
export function mergeAnswers(results: readonly HookResult[]): HookVerdict {
  const answers = results.map(answerOf);
  const decision = strictest(answers.map((answer) => answer.decision));
  const reasons = answers.flatMap((answer) => (answer.decision === decision ? (answer.reason ?? []) : []));
  const changed = answers.findLastIndex(({ updatedInput }) => updatedInput !== null);
  const [question, input] = [results[changed]?.question, answers[changed]?.updatedInput];
  return {
    decision,
    reason: decision === null || reasons.length === 0 ? null : [...new Set(reasons)].join('\n'),
    updated: question && input ? { question, input } : null,
    stop: answers.find(({ stop }) => stop !== null)?.stop ?? null,
    contexts: answers.flatMap(({ context }) => context ?? []),
    messages: [...new Set(results.flatMap(messagesOf))],
  };
}

function answerOf({ hook, end }: HookResult): HookAnswer {
  if (end.type === 'answer') return end.answer;
  if (hook.onFailure === 'pass') return NO_ANSWER;
  const why = end.type === 'failed' ? `failed: ${end.reason}` : 'was interrupted';
  return { ...NO_ANSWER, decision: 'deny', reason: `the ${hookName(hook)} ${why}` };
}

function messagesOf({ hook, end }: HookResult): readonly string[] {
  if (end.type === 'answer') {
    const { message } = end.answer;
    return message === null ? [] : [`${hookName(hook)} says: ${message}`];
  }
  // What an interrupt has stopped did not fail.
  if (end.type === 'interrupted') return [];
  const then = hook.onFailure === 'block' ? 'which blocks' : 'so it had no say';
  return [`${hookName(hook)} of ${hook.file} failed, ${then}: ${end.reason}`];
}
