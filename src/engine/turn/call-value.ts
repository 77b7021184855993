import * as z from 'zod/mini';
import { SessionEvent } from '../../foundation/protocol/index.ts';
import type { Codec } from '../steps/index.ts';

/** What the newest result of a response said of the budget. `warnings`: how many of its warnings for this unit are due. */
export const BudgetNote = z.discriminatedUnion('type', [
  z.object({ type: z.literal('usedUp') }),
  z.object({
    type: z.literal('warned'),
    unit: z.enum(['tokens', 'minutes', 'turns', 'dollars']),
    warnings: z.number(),
  }),
]);
export type BudgetNote = z.infer<typeof BudgetNote>;

/** The value of a tool step, journaled beside the output item. */
export interface CallValue {
  /** What the call emitted while it ran, so that a replay emits it again. */
  readonly events: readonly SessionEvent[];
  /** Null: the output says nothing of the budget. Absent: an earlier version wrote the record, which only has the words. */
  readonly budget?: BudgetNote | null;
}

const Events = z.array(SessionEvent);
const WithBudget = z.object({ events: Events, budget: BudgetNote });

/** The events alone where nothing was said of the budget: in version 1 they were the whole value. */
export const callCodec: Codec<CallValue> = {
  version: 2,
  encode: ({ events, budget = null }) => (budget === null ? events : { events, budget }),
  decode(value, version) {
    if (!Array.isArray(value)) return WithBudget.parse(value);
    const events = Events.parse(value);
    return version === 1 ? { events } : { events, budget: null };
  },
};

/** The events in the journaled value of a tool step; none if a later version wrote it in a form that is not known. */
export function eventsOfCall(value: unknown): readonly SessionEvent[] {
  return Events.safeParse(value).data ?? WithBudget.safeParse(value).data?.events ?? [];
}
