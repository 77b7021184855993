import { Op } from 'keel/protocol';
import * as z from 'zod/mini';
import { WorkTree } from '../place/index.ts';
import { type Limit, TurnInput } from '../protocol.ts';

/** Why a request is refused, for its sender. */
export class BadRequest extends Error {}

/**
 * What a user may ask of a thread. Left out is what acts with other rights than the thread's: another sandbox or directory
 * (`userTurn`, `overrideTurnContext`), commands without a sandbox (`userShell`), and what is not a turn.
 */
const OPS: ReadonlySet<string> = new Set(['userInput', 'compact', 'review', 'undo']);
/** Settings that a user may choose for a thread. Others decide where requests and keys go, and what confines a command. */
const SETTINGS: ReadonlySet<string> = new Set([
  ...['model', 'model_reasoning_effort', 'model_reasoning_summary', 'model_verbosity', 'approval_policy'],
  ...['budget.tokens', 'budget.minutes', 'budget.cost', 'budget.turns'],
]);

const UserSubmission = z.strictObject({
  submissionId: z.string().check(z.regex(/^[\w-]{1,100}$/)),
  op: Op,
  work: z.optional(WorkTree),
  settings: z.optional(
    z.strictObject({ overrides: z.array(z.string().check(z.regex(/^[ -~]{1,500}$/))).check(z.maxLength(20)) }),
  ),
});
export type UserSubmission = z.infer<typeof UserSubmission>;

/** @throws BadRequest */
export function judgedSubmission(body: unknown): UserSubmission {
  const { data } = UserSubmission.safeParse(body);
  if (data === undefined)
    throw new BadRequest('this is not a turn: submissionId, op, and for a new thread work and settings');
  if (!OPS.has(data.op.type)) throw new BadRequest(`users of the fleet can't submit ${data.op.type}`);
  if (data.op.type === 'userInput' && data.op.items.some(({ type }) => type === 'localImage')) {
    throw new BadRequest('a picture is sent as a data URL: files of the workers are not read');
  }
  for (const override of data.settings?.overrides ?? []) requireAllowed(override);
  return data;
}

function requireAllowed(override: string): void {
  const key = override.slice(0, Math.max(0, override.indexOf('='))).trim();
  if (!SETTINGS.has(key)) throw new BadRequest(`users of the fleet can't set "${key}"`);
}

const UserInput = TurnInput.shape.input;

/** @throws BadRequest */
export function judgedInput(body: unknown): TurnInput['input'] {
  const { data } = UserInput.safeParse(body);
  if (data === undefined) throw new BadRequest('this is not an answer, a message or an interrupt');
  return data;
}

/** How many turns one user may have at once: what a client says of limits doesn't count. */
export function limitsOf(user: string, max: number): readonly Limit[] {
  return [{ name: `user:${user}`, max }];
}
