// A server of one local model: llama.cpp (by node-llama-cpp) behind the API of llama.cpp's own server, as far as a chat needs it.
//   node server.js MODEL.gguf
// Prints its base URL. It ends with its standard input, or with status 3 where llama.cpp has no build for this machine.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { Template } from '@huggingface/jinja';
import { getLlama, NoBinaryFoundError } from 'node-llama-cpp';

const CONTEXT_TOKENS = 16_384;
const NO_BINARY = 3;
const CALL_START = '<tool_call>';
const CALL = /^<tool_call>(.*)<\/tool_call>$/s;

const [modelPath = ''] = process.argv.slice(2);
// One thread: with more, a busy machine makes llama.cpp's threads wait for each other.
const options = { gpu: false, build: 'never', skipDownload: true, progressLogs: false, maxThreads: 1 };
const llama = await getLlama(options).catch((error) => {
  if (error instanceof NoBinaryFoundError) process.exit(NO_BINARY);
  throw error;
});
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: CONTEXT_TOKENS, sequences: 1 });
const sequence = context.getSequence();
const template = new Template(model.fileInfo.metadata.tokenizer.chat_template ?? '');

/** The one slot, as `GET /slots` shows it. `requests` lists, for each request, the tokens of its prompt and how many were cached. */
const slot = { is_processing: false, n_decoded: 0, requests: [] };
/** Requests take the slot one after the other. */
let last = Promise.resolve();

class RequestError extends Error {
  /** @param {number} status @param {string} message @param {Record<string, unknown>} details */
  constructor(status, message, details) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (response.headersSent) return response.destroy();
    const status = error instanceof RequestError ? error.status : 500;
    const details = error instanceof RequestError ? error.details : { type: 'server_error' };
    send(response, status, { error: { code: status, message: error.message, ...details } });
  });
});

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function answer(request, response) {
  const route = `${request.method} ${request.url}`;
  if (route === 'GET /v1/models')
    return send(response, 200, { object: 'list', data: [{ id: 'tiny', object: 'model' }] });
  if (route === 'GET /slots') return send(response, 200, [slot]);
  if (route !== 'POST /v1/chat/completions') throw new RequestError(404, 'File Not Found', { type: 'not_found_error' });
  const body = await json(request);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const turn = last.then(() => complete(body, response, gone.signal));
  last = turn.catch(() => undefined);
  await turn;
}

/** @param {any} body @param {import('node:http').ServerResponse} response @param {AbortSignal} signal */
async function complete(body, response, signal) {
  const prompt = promptOf(body);
  await sequence.adaptStateToTokens(prompt, false);
  const cached = sequence.nextTokenIndex;
  Object.assign(slot, { is_processing: true, n_decoded: 0 });
  slot.requests.push({ prompt: prompt.length, cached });
  try {
    const stream = writer(body, response);
    const finish = await decode(prompt.slice(cached), stream, signal);
    if (signal.aborted) return;
    stream.end(finish, {
      ...{ prompt_tokens: prompt.length, completion_tokens: slot.n_decoded },
      ...{ total_tokens: prompt.length + slot.n_decoded, prompt_tokens_details: { cached_tokens: cached } },
    });
  } finally {
    slot.is_processing = false;
  }
}

/** @param {any} body */
function promptOf({ messages, tools }) {
  const read = messages.map((message) => ({ ...message, content: textOf(message.content) }));
  const tokens = model.tokenize(template.render({ messages: read, tools: tools ?? null }), true);
  if (tokens.length < CONTEXT_TOKENS) return tokens;
  const message = `the request exceeds the available context size (${CONTEXT_TOKENS} tokens), try increasing it`;
  const sizes = { n_prompt_tokens: tokens.length, n_ctx: CONTEXT_TOKENS };
  throw new RequestError(400, message, { type: 'exceed_context_size_error', ...sizes });
}

/** @param {string | null | { type: string, text?: string }[]} content */
function textOf(content) {
  if (!Array.isArray(content)) return content ?? '';
  if (content.some(({ type }) => type !== 'text'))
    throw new RequestError(500, 'image input is not supported - hint: you may need to provide the mmproj', {});
  return content.map(({ text }) => text).join('');
}

/** @param {any[]} tokens @param {ReturnType<typeof writer>} stream @param {AbortSignal} signal @returns {Promise<string>} the finish reason */
async function decode(tokens, stream, signal) {
  let before = tokens.slice(-1);
  for await (const token of sequence.evaluate(tokens, { temperature: 0 })) {
    if (signal.aborted || model.isEogToken(token)) break;
    slot.n_decoded += 1;
    stream.write(model.detokenize([token], false, before));
    before = [token];
    if (sequence.nextTokenIndex >= CONTEXT_TOKENS - 1) return 'length';
    // Lets the closing of a connection be seen between two tokens.
    await new Promise(setImmediate);
  }
  return stream.hasCalls() ? 'tool_calls' : 'stop';
}

/** Writes an answer's chunks; a call is written when it is whole. @param {any} body @param {import('node:http').ServerResponse} response */
function writer({ stream_options: options }, response) {
  const id = `chatcmpl-${randomUUID()}`;
  let pending = '';
  let calls = 0;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (fields) =>
    response.write(`data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model: 'tiny', ...fields })}\n\n`);
  const choice = (delta, finish_reason = null) => chunk({ choices: [{ index: 0, delta, finish_reason }] });
  choice({ role: 'assistant', content: null });
  const call = ({ name, arguments: args }) => {
    const made = { name, arguments: JSON.stringify(args) };
    choice({ tool_calls: [{ index: calls, id: randomUUID().replaceAll('-', ''), type: 'function', function: made }] });
    calls += 1;
  };
  return {
    hasCalls: () => calls > 0,
    /** @param {string} piece */
    write(piece) {
      pending += piece;
      const [, made] = CALL.exec(pending) ?? [];
      if (made !== undefined) call(JSON.parse(made));
      else if (pending.startsWith(CALL_START)) return;
      else choice({ content: pending });
      pending = '';
    },
    /** @param {string} finish @param {object} usage */
    end(finish, usage) {
      choice({}, finish);
      if (options?.include_usage) chunk({ choices: [], usage });
      response.end('data: [DONE]\n\n');
    },
  };
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {unknown} body */
function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

process.stdin.on('end', () => process.exit(0)).resume();
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/v1\n`));
