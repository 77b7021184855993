import * as z from 'zod/mini';
import { ElidedOutput } from '../../foundation/protocol/index.ts';
import { jsonCodec, stepId } from '../steps/index.ts';
import type { TurnPorts } from './ports.ts';

/** A full conversation is pruned down to this share of its limit, or not at all: each rewrite costs the cached prefix. */
const SHARE_LEFT_FULL = 0.7;

const outputsCodec = jsonCodec(z.array(ElidedOutput));

/**
 * Prunes old tool outputs from a full conversation: each is replaced by a note that says how its call ended and where its
 * text is. No request is made, and every call keeps an output.
 * @returns whether this makes enough room; if not, nothing is pruned
 */
export async function pruneOutputs(ports: TurnPorts, place: number | string): Promise<boolean> {
  const { steps, history, keepPruned, compaction } = ports;
  if (keepPruned === null || compaction.limit === null) return false;
  const before = history.contextTokens();
  const chosen = history.outputsToPrune(before - compaction.limit * SHARE_LEFT_FULL);
  if (chosen === null) return false;
  const { value } = await steps.step(
    { id: stepId('pruning', place), kind: 'compact', codec: outputsCodec, repeat: 'safe' },
    async () => {
      const outputs: ElidedOutput[] = [];
      for (const old of chosen) {
        outputs.push({ call_id: old.call_id, nth: old.nth, output: await keepPruned(old) });
      }
      history.recordPruned(outputs);
      return outputs;
    },
  );
  history.prune(value);
  warn(ports, value.length, before - history.contextTokens());
  return true;
}

function warn({ context, emit }: TurnPorts, count: number, tokens: number): void {
  const what = count === 1 ? 'an old tool output' : `${count} old tool outputs`;
  const message = `The conversation was full: ${what} (about ${tokens} tokens) left out of it to make room.`;
  emit({ type: 'warning', turnId: context.turnId, message });
}
