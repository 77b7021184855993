import * as z from 'zod/mini';
import { ElidedOutput } from '../../foundation/protocol/index.ts';
import type { Codec } from '../steps/index.ts';
import type { TurnPorts } from './ports.ts';

/** A conversation that is full gets room down to this share of its limit, or none: each rewrite costs the cached prefix. */
const SHARE_LEFT_FULL = 0.7;

const elidedOutputs = z.array(ElidedOutput);
const elidedCodec: Codec<ElidedOutput[]> = {
  version: 1,
  encode: (value) => value,
  decode: (value) => elidedOutputs.parse(value),
};

/**
 * Leaves old tool outputs out of a full conversation: each is replaced by a note that says how its call ended and where its
 * text is. It needs no request, and every call keeps its output.
 * @returns whether this makes room enough; if not, nothing is left out
 */
export async function elideOutputs(ports: TurnPorts, place: number | string): Promise<boolean> {
  const { steps, history, elision, compaction } = ports;
  if (elision === null || compaction.limit === null) return false;
  const before = history.contextTokens();
  const chosen = history.outputsToElide(before - compaction.limit * SHARE_LEFT_FULL);
  if (chosen === null) return false;
  const { value } = await steps.step(
    { id: `elide-${place}`, kind: 'compact', codec: elidedCodec, repeat: 'safe' },
    async () => {
      const outputs: ElidedOutput[] = [];
      for (const old of chosen) {
        outputs.push({ call_id: old.call_id, nth: old.nth, output: await elision.keep(old) });
      }
      history.recordElided(outputs);
      return outputs;
    },
  );
  history.elide(value);
  tell(ports, value.length, before - history.contextTokens());
  return true;
}

function tell({ context, emit }: TurnPorts, count: number, tokens: number): void {
  const what = count === 1 ? 'an old tool output' : `${count} old tool outputs`;
  const message = `The conversation was full: ${what} (about ${tokens} tokens) left out of it to make room.`;
  emit({ type: 'warning', turnId: context.turnId, message });
}
