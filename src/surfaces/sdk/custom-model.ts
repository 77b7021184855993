import * as z from 'zod/mini';
import { parseJson, raceAbort, reasonOf } from '../../foundation/util/index.ts';
import type { Transport } from '../../models/client/index.ts';
import type { Config } from '../../storage/config/index.ts';
import type { CustomModel, ModelMessage, ModelOutput, ModelRequest } from './model.ts';
import type { ModelTransport } from './transport.ts';

const content = z.nullish(z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]));
const call = z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) });
const schema = z.record(z.string(), z.unknown());
/** What keel writes in the form of the Chat Completions API, in which every tool is a function. */
const Body = z.object({
  model: z.string(),
  messages: z.array(
    z.object({
      role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
      content,
      tool_calls: z.optional(z.array(call)),
      tool_call_id: z.optional(z.string()),
    }),
  ),
  tools: z.optional(
    z.array(
      z.object({ function: z.object({ name: z.string(), description: z.optional(z.string()), parameters: schema }) }),
    ),
  ),
  response_format: z.optional(z.object({ json_schema: z.object({ schema }) })),
});
type Body = z.infer<typeof Body>;

/** The settings of threads that a model of the program's own answers: no key, no address, and no second attempt. */
export function withCustomModel(config: Config, model: CustomModel): Config {
  return {
    ...config,
    model: model.name,
    contextWindow: model.contextWindow ?? config.contextWindow,
    fallbackModel: null,
    showRawAgentReasoning: true,
    provider: {
      ...{ id: 'custom', name: model.name, baseUrl: 'http://model.invalid/v1', wireApi: 'chat' },
      ...{ queryParams: {}, httpHeaders: {}, envHttpHeaders: {}, requiresOpenaiAuth: false },
      ...{ requestMaxRetries: 0, streamMaxRetries: 0 },
      streamIdleTimeoutMs: config.provider.streamIdleTimeoutMs,
    },
  };
}

/** Hands requests to the model, and its answers to keel as the events of that API. */
export function customTransport(model: CustomModel): ModelTransport {
  return {
    async send({ body }, signal) {
      const request = modelRequest(Body.parse(parseJson(Buffer.from(body).toString('utf8'))));
      const answer = model.respond(request, signal)[Symbol.asyncIterator]();
      let first: IteratorResult<ModelOutput>;
      try {
        first = await raceAbort(answer.next(), signal);
      } catch (error) {
        signal.throwIfAborted();
        return { status: 400, headers: {}, text: pieces(JSON.stringify({ error: { message: reasonOf(error) } })) };
      }
      return { status: 200, headers: { 'content-type': 'text/event-stream' }, text: events(first, answer, signal) };
    },
  };
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

async function* events(
  first: IteratorResult<ModelOutput>,
  answer: AsyncIterator<ModelOutput>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let callCount = 0;
  try {
    for (let next = first; !next.done; next = await raceAbort(answer.next(), signal)) {
      yield data(chunkOf(next.value, callCount));
      if (next.value.type === 'toolCall') callCount += 1;
    }
    yield data({ choices: [{ index: 0, delta: {}, finish_reason: callCount > 0 ? 'tool_calls' : 'stop' }] });
    yield 'data: [DONE]\n\n';
  } catch (error) {
    signal.throwIfAborted();
    yield data({ error: { code: 'invalid_request_error', message: reasonOf(error) } });
  } finally {
    // Nobody waits for a model that does not stop.
    void Promise.resolve(answer.return?.()).catch(() => undefined);
  }
}

function data(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function chunkOf(output: ModelOutput, index: number): object {
  switch (output.type) {
    case 'text':
      return delta({ content: output.delta });
    case 'reasoning':
      return delta({ reasoning_content: output.delta });
    case 'toolCall': {
      const { id, name, arguments: args } = output;
      return delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] });
    }
    case 'usage': {
      const { inputTokens, cachedInputTokens = 0, outputTokens } = output;
      const usage = {
        ...{ prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
        prompt_tokens_details: { cached_tokens: cachedInputTokens },
      };
      return { ...delta({}), usage };
    }
  }
}

function delta(fields: object): object {
  return { choices: [{ index: 0, delta: fields, finish_reason: null }] };
}

function modelRequest({ model, messages, tools = [], response_format: format }: Body): ModelRequest {
  return {
    model,
    messages: messages.map(messageOf),
    tools: tools.map(({ function: { name, description = '', parameters } }) => ({ name, description, parameters })),
    outputSchema: format?.json_schema.schema ?? null,
  };
}

function messageOf({
  role,
  content: given,
  tool_calls: calls = [],
  tool_call_id: id = '',
}: Body['messages'][number]): ModelMessage {
  const parts = typeof given === 'string' ? [{ type: 'text', text: given }] : (given ?? []);
  const text = parts.flatMap((part) => (part.type === 'text' ? String(part['text']) : [])).join('\n');
  if (role === 'tool') return { type: 'toolResult', id, text };
  if (role === 'assistant') {
    const named = calls.map((one) => ({ id: one.id, name: one.function.name, arguments: one.function.arguments }));
    return { type: 'assistant', text, calls: named };
  }
  const images = parts.flatMap((part) => (part.type === 'image_url' ? [urlOf(part['image_url'])] : []));
  return { type: role === 'user' ? 'user' : 'system', text, images };
}

function urlOf(image: unknown): string {
  return z.safeParse(z.object({ url: z.string() }), image).data?.url ?? '';
}

/** The transport of one thread; it closes nothing, since your program owns what it sends by. */
export function transportOf(own: ModelTransport): Transport {
  return {
    async send({ method, url, headers, body }, signal, onSent) {
      const response = await own.send({ method, url, headers, body: Buffer.concat(body) }, signal);
      onSent?.();
      const pieces = response.text[Symbol.asyncIterator]();
      const release = () => void Promise.resolve(pieces.return?.()).catch(() => undefined);
      const { status, headers: answered } = response;
      const text = { [Symbol.asyncIterator]: () => pieces };
      return { status, statusText: '', headers: answered, text, release, destroy: release };
    },
    close: () => undefined,
  };
}
