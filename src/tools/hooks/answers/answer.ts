import { cutMiddle, readJson } from '../../../foundation/util/index.ts';
import type { HookEvent } from '../hook.ts';

/** Longest text that a hook can say to the model or the user, UTF-8 bytes. */
const MAX_TEXT_BYTES = 10_000;

type Table = Readonly<Record<string, unknown>>;

/** What one hook says of what it was asked about. */
export interface HookAnswer {
  /** `deny` also means: the prompt is dropped, the turn continues, the compaction does not happen. */
  readonly decision: 'deny' | 'ask' | 'allow' | null;
  readonly reason: string | null;
  /** Arguments to use in place of those that it was shown. */
  readonly updatedInput: Table | null;
  /** For the model. */
  readonly context: string | null;
  /** The reason for which the turn is to end; null: it continues. */
  readonly stop: string | null;
  /** For the user. */
  readonly message: string | null;
}

/** How a hook's program ended, and what it printed, bounded. */
export interface HookOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a hook's program ended. */
export type HookEnd =
  | { readonly type: 'answer'; readonly answer: HookAnswer }
  /** `reason` finishes the sentence "the hook failed: ...". */
  | { readonly type: 'failed'; readonly reason: string }
  /** Nobody waits for its answer any more. */
  | { readonly type: 'interrupted' };

export const NO_ANSWER: HookAnswer = {
  decision: null,
  reason: null,
  updatedInput: null,
  context: null,
  stop: null,
  message: null,
};

/** Exit code of a hook that blocks, with the reason in its errors. */
const BLOCKED = 2;
/** Events at which plain text is context for the model. */
const TAKES_TEXT: readonly HookEvent[] = ['UserPromptSubmit', 'SessionStart'];

/**
 * Reads what a hook printed. A denial counts whatever else is wrong with the answer: keys that are not known, fields of another
 * type, or an exit code that would mean failure.
 */
export function readAnswer(event: HookEvent, output: HookOutput): HookEnd {
  const { exitCode, stdout, stderr } = output;
  const object = objectIn(stdout);
  const answer = object === null ? NO_ANSWER : answerIn(object);
  if (answer.decision === 'deny') return { type: 'answer', answer };
  if (exitCode === BLOCKED) {
    const reason = bounded(stderr) ?? answer.reason ?? 'it gave no reason';
    return { type: 'answer', answer: { ...answer, decision: 'deny', reason } };
  }
  if (exitCode !== 0) {
    const said = bounded(stderr) ?? bounded(stdout);
    return { type: 'failed', reason: `exit code ${exitCode}${said === null ? '' : `: ${said.slice(0, 300)}`}` };
  }
  if (object !== null) return { type: 'answer', answer };
  if (/^\s*\{/.test(stdout)) return { type: 'failed', reason: 'what it printed starts like JSON and is not' };
  const context = TAKES_TEXT.includes(event) ? bounded(stdout) : null;
  return { type: 'answer', answer: { ...NO_ANSWER, context } };
}

function answerIn(object: Table): HookAnswer {
  const specific = isTable(object['hookSpecificOutput']) ? object['hookSpecificOutput'] : {};
  const request = isTable(specific['decision']) ? specific['decision'] : {};
  const words = [object['decision'], object['permissionDecision'], specific['permissionDecision'], request['behavior']];
  const decision = strictest(words.map(decisionOf));
  const reason =
    bounded(specific['permissionDecisionReason']) ?? bounded(request['message']) ?? bounded(object['reason']);
  const updated = specific['updatedInput'] ?? request['updatedInput'];
  const stop =
    object['continue'] === false ? (bounded(object['stopReason']) ?? reason ?? 'a hook ended the turn') : null;
  return {
    decision,
    reason: reason ?? (decision === 'deny' ? (stop ?? 'it gave no reason') : null),
    updatedInput: isTable(updated) ? updated : null,
    context: bounded(specific['additionalContext']) ?? bounded(object['additionalContext']),
    stop,
    message: bounded(object['systemMessage']),
  };
}

function decisionOf(word: unknown): HookAnswer['decision'] {
  switch (word) {
    case 'deny':
    case 'block':
      return 'deny';
    case 'ask':
      return 'ask';
    case 'allow':
    case 'approve':
      return 'allow';
    default:
      return null;
  }
}

/** Denial over question over approval. */
export function strictest(decisions: readonly HookAnswer['decision'][]): HookAnswer['decision'] {
  return (['deny', 'ask', 'allow'] as const).find((decision) => decisions.includes(decision)) ?? null;
}

function objectIn(text: string): Table | null {
  if (!/^\s*\{/.test(text)) return null;
  try {
    const value: unknown = readJson(text);
    return isTable(value) ? value : null;
  } catch {
    // The caller reports it.
    return null;
  }
}

/** A text that says something, at a length that fits; null for anything else. */
function bounded(value: unknown): string | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  return cutMiddle(value.trim(), MAX_TEXT_BYTES);
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
