import * as z from 'zod/mini';
import { jsonCodec, noValue, type Recorded, type Step, stepId } from '../../steps/index.ts';
import type { CompactionTrigger, TurnPorts } from '../ports.ts';

const reasonCodec = jsonCodec(z.nullable(z.string()));

/** @returns why hooks want the conversation to stay as it is; null: they do not */
export async function askBefore({ steps, hooks }: TurnPorts, place: number | string): Promise<string | null> {
  const spec = { id: stepId('beforeCompaction', place), kind: 'io', codec: reasonCodec, repeat: 'safe' } as const;
  const isWanted = hooks?.has('beforeCompaction') ?? false;
  const asked = await steps.optional(spec, isWanted, async () => {
    return (await hooks?.beforeCompaction(triggerOf(place))) ?? null;
  });
  return asked?.value ?? null;
}

/** Lets hooks add to a conversation that was compacted. */
export async function askAfter(ports: TurnPorts, place: number | string): Promise<void> {
  const asked = await askedAfter(ports, place);
  if (asked !== null) ports.history.record(asked.items);
}

/** The same where an earlier process compacted it: what hooks have added since is in the conversation already. */
export async function askAfterDone(ports: TurnPorts, place: number | string): Promise<void> {
  const asked = await askedAfter(ports, place);
  if (asked?.replayed === false) ports.history.record(asked.items);
}

function askedAfter({ steps, hooks }: TurnPorts, place: number | string): Step<Recorded<null> | null> {
  const spec = { id: stepId('afterCompaction', place), kind: 'io', codec: noValue, repeat: 'safe' } as const;
  const isWanted = hooks?.has('afterCompaction') ?? false;
  return steps.optional<null>(spec, isWanted, async ({ record }) => {
    for (const note of (await hooks?.afterCompaction(triggerOf(place))) ?? []) record(note);
    return null;
  });
}

/** The place of a compaction that the user asks for. */
export const COMPACT_NOW = 'now';

function triggerOf(place: number | string): CompactionTrigger {
  return place === COMPACT_NOW ? 'manual' : 'auto';
}
