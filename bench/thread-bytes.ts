import { ConversationHistory } from '../src/context/history/index.ts';
import type { ResponseItem } from '../src/foundation/protocol/index.ts';
import { modelInfo, ServerFacts } from '../src/models/catalogue/index.ts';
import { HttpTransport, loadWire, ModelClient, ResponseSocket } from '../src/models/client/index.ts';
import type { Prompt } from '../src/models/prompt/index.ts';
import type { ModelProvider } from '../src/storage/config/index.ts';
import { functionCall, message, respond, type Script, startModelServer, usage } from '../src/testing/index.ts';

const OUTPUT = 'x'.repeat(2_000);

/** Each response makes a call, the last one a message. */
function script(steps: number): Script {
  let answered = 0;
  return () => {
    answered += 1;
    return answered > steps
      ? respond(message('done'), usage({}))
      : respond(functionCall('run', { at: answered }, `call_${answered}`), usage({}));
  };
}

/**
 * The bytes of all requests of a thread in which `steps` commands print 2,000 bytes each, uncompressed: by HTTP every request
 * has the whole thread, over a WebSocket what is new in it.
 */
export async function threadBytes(steps: number, way: 'http' | 'websocket'): Promise<number> {
  await using server = await startModelServer(script(steps));
  const transport = new HttpTransport({ env: {} });
  const socket = way === 'websocket' ? new ResponseSocket(transport) : null;
  try {
    const client = await clientFor(server.url, transport, socket);
    const history = new ConversationHistory();
    history.record([{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'go' }] }]);
    for (let step = 0; step <= steps; step += 1) {
      const items = await answerTo(client, history.forPrompt());
      history.record([...items, ...items.flatMap(outputOf)]);
    }
    return server.requests.reduce((sum, { body }) => sum + Buffer.byteLength(JSON.stringify(body)), 0);
  } finally {
    socket?.close();
    transport.close();
  }
}

function outputOf(item: ResponseItem): ResponseItem[] {
  return item.type === 'function_call' ? [{ type: 'function_call_output', call_id: item.call_id, output: OUTPUT }] : [];
}

async function answerTo(client: ModelClient, input: readonly ResponseItem[]): Promise<ResponseItem[]> {
  const prompt: Prompt = { instructions: 'x'.repeat(5_000), input, tools: [], parallelToolCalls: false };
  const items: ResponseItem[] = [];
  for await (const events of client.stream(prompt, { taskKind: 'regular', signal: new AbortController().signal })) {
    for (const event of events) if (event.type === 'itemDone') items.push(event.item);
  }
  return items;
}

async function clientFor(url: string, transport: HttpTransport, socket: ResponseSocket | null): Promise<ModelClient> {
  const provider: ModelProvider = {
    ...{ id: 'bench', name: 'Bench', baseUrl: url, wireApi: 'responses', queryParams: {}, httpHeaders: {} },
    ...{ envHttpHeaders: {}, requestMaxRetries: 0, streamMaxRetries: 0, streamIdleTimeoutMs: 30_000 },
    requiresOpenaiAuth: false,
  };
  return new ModelClient({
    ...{ wire: await loadWire('responses'), provider, model: modelInfo('gpt-5'), threadId: 't', effort: null },
    ...{ summary: 'auto', verbosity: null, originator: 'keel_bench', userAgent: 'keel_bench', sessionSource: 'cli' },
    ...(socket === null ? {} : { socket }),
    transport,
    serverFacts: new ServerFacts(provider),
    credentials: () => ({ bearer: 'key', source: 'bench', headers: {} }),
  });
}
