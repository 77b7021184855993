import { monotonicMs } from '../../foundation/util/index.ts';
import { callChecks } from './call-checks.ts';
import { type Check, fails, type Outcome, partly, works } from './finding.ts';
import { type Answer, says } from './probe.ts';

const LAST_NUMBER = 200;
/** A picture of 16 by 16 pixels, all red. */
const RED =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mP4z8BAEmIY1TCqYfhqAACQ+f8B8u7oVwAAAABJRU5ErkJggg==';
/** What a server has for closing a connection, ms. */
const CANCEL_MS = 5_000;
const NO_MODEL = 'keel-no-such-model';

const text: Check = {
  name: 'text',
  isNeeded: true,
  async run(probe) {
    const answer = await probe.ask({ input: [says('Reply with the word: pong')] });
    return answer.text.trim() === ''
      ? fails('the answer has no words')
      : works(`answers, in ${(answer.durationMs / 1_000).toFixed(1)} s`);
  },
};

const stream: Check = {
  name: 'stream',
  isNeeded: false,
  async run(probe) {
    const { pieces } = await probe.ask({ input: [says('Count from 1 to 30, with a space between the numbers.')] });
    return pieces > 1
      ? works(`text comes in pieces (${pieces})`)
      : partly('text comes in one piece at the end: nothing is shown while the model writes');
  },
};

const longOutput: Check = {
  name: 'long output',
  isNeeded: false,
  async run(probe) {
    const ask = `Write all whole numbers from 1 to ${LAST_NUMBER}, with a space between them, none left out.`;
    const answer = await probe.ask({ input: [says(ask)] });
    return answer.text.includes(String(LAST_NUMBER))
      ? works(`${answer.text.length} characters arrive whole`)
      : partly('the answer stops early: the server may limit its length, or the model does not do as it was asked');
  },
};

const usage: Check = {
  name: 'usage',
  isNeeded: false,
  async run(probe) {
    const answer = await probe.ask({ input: [says('Reply with the word: pong')] });
    return usageOutcome(answer);
  },
};

function usageOutcome({ usage: tokens, cache }: Answer): Outcome {
  if (tokens === null) {
    return partly('no tokens are reported: keel estimates them, and can report no cost');
  }
  const counted = `${tokens.input_tokens} tokens in, ${tokens.output_tokens} out`;
  return cache === null
    ? partly(`${counted}; what the cache served is not reported`)
    : works(`${counted}, ${tokens.cached_input_tokens} of the input from the cache`);
}

const images: Check = {
  name: 'images',
  isNeeded: false,
  async run(probe) {
    const input = {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_image', image_url: RED },
        { type: 'input_text', text: 'Which colour is this picture? Reply with one English word.' },
      ],
    } as const;
    const setting = `model_providers.${probe.providerId}.quirks.pictures = "omitted"`;
    try {
      const answer = await probe.ask({ input: [{ ...input, content: [...input.content] }] });
      if (/red/i.test(answer.text)) return works('sees pictures');
      return partly(
        `takes pictures, but does not see them: a red one is "${answer.text.trim().slice(0, 40)}"`,
        setting,
      );
    } catch (error) {
      probe.signal.throwIfAborted();
      return partly(`refuses pictures: ${reasonOf(error)}`, setting);
    }
  },
};

const reasoning: Check = {
  name: 'reasoning',
  isNeeded: false,
  async run(probe) {
    const { model } = probe;
    const effort = model.efforts?.includes('low') === false ? (model.efforts[0] ?? 'low') : 'low';
    const thinks = { ...model, supportsReasoning: true };
    try {
      const answer = await probe.ask(
        { input: [says('How many days have three weeks? Reply with the number.')] },
        { model: thinks, effort },
      );
      if (answer.hasThoughts) {
        const isKnown = model.supportsReasoning || model.thinking !== null;
        const setting = isKnown ? [] : [`models."${model.slug}".reasoning = true`];
        return { state: 'works', detail: `thinks, and takes the effort "${effort}"`, settings: setting };
      }
      return partly(`takes the effort "${effort}", and shows no thoughts`);
    } catch (error) {
      probe.signal.throwIfAborted();
      return partly(`does not take an effort: ${reasonOf(error)}`, `models."${model.slug}".reasoning = false`);
    }
  },
};

const cancel: Check = {
  name: 'cancel',
  isNeeded: false,
  async run(probe) {
    const stop = new AbortController();
    const signal = AbortSignal.any([probe.signal, stop.signal]);
    let stoppedAt: number | null = null;
    try {
      for await (const events of probe.stream({ input: [says('Write a poem of fifty lines.')] }, signal)) {
        if (events.at(-1)?.type === 'completed') return partly('the answer was over before it could be stopped');
        if (stoppedAt !== null) continue;
        stoppedAt = monotonicMs();
        // As a user does: while more of the answer is awaited.
        setImmediate(() => stop.abort());
      }
    } catch (error) {
      probe.signal.throwIfAborted();
      if (!stop.signal.aborted) throw error;
    }
    const ms = monotonicMs() - (stoppedAt ?? 0);
    return ms < CANCEL_MS ? works('an answer can be stopped') : partly('an answer that is stopped ends late');
  },
};

const badRequest: Check = {
  name: 'bad request',
  isNeeded: false,
  async run(probe) {
    try {
      await probe.ask({ input: [says('hi')] }, { model: { ...probe.model, slug: NO_MODEL } });
      return partly('a model that does not exist gets an answer: the server ignores the name of the model');
    } catch (error) {
      probe.signal.throwIfAborted();
      return works(`a model that does not exist is refused: ${reasonOf(error)}`);
    }
  },
};

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length > 200 ? `${message.slice(0, 200)}…` : message;
}

/** In the order in which they run: what others build on comes first. */
export const CHECKS: readonly Check[] = [
  text,
  stream,
  ...callChecks,
  images,
  reasoning,
  usage,
  longOutput,
  cancel,
  badRequest,
];
