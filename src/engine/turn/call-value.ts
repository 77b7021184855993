import * as z from 'zod/mini';
import { SessionEvent } from '../../foundation/protocol/index.ts';
import type { Codec } from '../steps/index.ts';

/** What the newest result of a response said of the budget. `warnings`: how many of its warnings for this unit are due. */
export const BudgetNote = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('usedUp') }),
    z.object({
      type: z.literal('warned'),
      unit: z.enum(['tokens', 'minutes', 'turns', 'dollars']),
      warnings: z.number(),
    }),
  ]),
);
export type BudgetNote = z.infer<typeof BudgetNote>;

/** The value of a tool step, journaled beside the output item. */
export interface CallValue {
  /** What the call emitted while it ran, so that a replay emits it again. */
  readonly events: readonly SessionEvent[];
  /** Null: the output says nothing of the budget. Absent: an earlier version wrote the record, which only has the words. */
  readonly budget?: BudgetNote | null;
  /** Why a hook wants the turn to end after the call. Absent or null: none does. */
  readonly stop?: string | null;
}

const Events = z.lazy(() => z.array(SessionEvent));
const WithMore = z.lazy(() =>
  z.object({
    events: Events,
    budget: z.optional(z.nullable(BudgetNote)),
    stop: z.optional(z.nullable(z.string())),
  }),
);

/** The events alone where there is nothing more: in version 1 they were the whole value. */
export const callCodec: Codec<CallValue> = {
  version: 2,
  encode({ events, budget = null, stop = null }) {
    if (stop !== null) return { events, budget, stop };
    return budget === null ? events : { events, budget };
  },
  decode(value, version) {
    if (!Array.isArray(value)) {
      const { events, budget = null, stop = null } = WithMore.parse(value);
      return stop === null ? { events, budget } : { events, budget, stop };
    }
    const events = Events.parse(value);
    return version === 1 ? { events } : { events, budget: null };
  },
};

/** The events in the journaled value of a tool step; none if a later version wrote it in a form that is not known. */
export function eventsOfCall(value: unknown): readonly SessionEvent[] {
  return Events.safeParse(value).data ?? WithMore.safeParse(value).data?.events ?? [];
}
