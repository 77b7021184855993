import { describe, expect, test } from 'vitest';
import { functionCall, httpError, message, respond, usage } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { type ReceivedSpan, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { runThreads } from './run.ts';

const places = freshPlaces();
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const done = respond(message('done'), usage({ input: 30, output: 3 }));
const otel = (url: string, more = '') => [`otel={ exporter = "otlp-http", endpoint = "${url}"${more} }`];
const model = 'model="gpt-5.1"';

const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter((span) => span.name === name);
const turnOf = (spans: readonly ReceivedSpan[]) => named(spans, 'invoke_agent keel')[0];
const milliseconds = ({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan) =>
  Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;

test('a turn is a span, and its requests and calls are spans in it', async () => {
  await using receiver = await startOtlpReceiver();
  const first = respond(shell('sleep 0.05', 'c1'), usage({ input: 20, cached: 8, output: 5, reasoning: 2 }));
  await runThreads({ ...places, script: [first, done], overrides: [...otel(receiver.url), model] });
  const spans = receiver.spans();
  expect(spans.map(({ name }) => name).sort()).toEqual([
    'chat gpt-5.1',
    'chat gpt-5.1',
    'execute_tool command',
    'invoke_agent keel',
  ]);
  const turn = turnOf(spans);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(spans.filter((span) => span.parentSpanId === turn?.spanId)).toHaveLength(3);
  expect(turn?.attributes).toMatchObject({
    'gen_ai.agent.name': 'keel',
    'keel.turn.status': 'completed',
    'keel.task.kind': 'regular',
    'gen_ai.usage.input_tokens': 50,
    'gen_ai.usage.output_tokens': 8,
  });
  expect(named(spans, 'chat gpt-5.1')[0]?.attributes).toMatchObject({
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5.1',
    'gen_ai.usage.input_tokens': 20,
    'gen_ai.usage.cache_read.input_tokens': 8,
    'gen_ai.usage.output_tokens': 5,
    'gen_ai.usage.reasoning.output_tokens': 2,
    'keel.request.cache_write_tokens': 0,
  });
  const [call] = named(spans, 'execute_tool command');
  expect(call?.attributes).toEqual({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'command',
    'gen_ai.tool.call.id': 'c1',
    'keel.tool.outcome': 'completed',
    'keel.tool.sandbox': 'none',
    'process.exit.code': 0,
  });
  if (call) expect(milliseconds(call)).toBeGreaterThan(40);
});

test('the span of a command names the sandbox that it ran in', async () => {
  await using receiver = await startOtlpReceiver();
  const overrides = [...otel(receiver.url), 'sandbox_mode="workspace-write"'];
  await runThreads({ ...places, script: [respond(shell('true', 'c1')), done], overrides });
  const [call] = named(receiver.spans(), 'execute_tool command');
  expect(call?.attributes).toMatchObject({
    'keel.tool.outcome': 'completed',
    'keel.tool.sandbox': expect.stringMatching(/^(bwrap|landlock|seatbelt)$/),
  });
});

test('a call that fails and one that is declined are errors, each with its outcome', async () => {
  await using receiver = await startOtlpReceiver();
  const script = [respond(shell('exit 3', 'c1')), respond(shell('touch x', 'c2')), done];
  await runThreads({
    ...places,
    script,
    overrides: [...otel(receiver.url), 'approval_policy="untrusted"'],
    onQuestion: ({ request }, session) => {
      const isFirst = 'callId' in request && request.callId === 'c1';
      const decision = isFirst ? ({ type: 'approved' } as const) : ({ type: 'denied' } as const);
      session.submit({ type: 'approval', questionId: request.questionId, decision });
    },
  });
  const calls = named(receiver.spans(), 'execute_tool command');
  expect(calls.map(({ attributes, status }) => [attributes['keel.tool.outcome'], status.code])).toEqual([
    ['failed', 2],
    ['declined', 2],
  ]);
  expect(calls[1]?.attributes).not.toHaveProperty('keel.tool.sandbox');
});

test('a turn that fails is an error with its kind, and what was retried is an event of its span', async () => {
  await using receiver = await startOtlpReceiver();
  const script = [httpError(503, 'busy', { 'retry-after': '0' }), httpError(401, 'no such key sk-of-the-provider')];
  await runThreads({ ...places, script, overrides: otel(receiver.url) });
  const turn = turnOf(receiver.spans());
  expect(turn?.status.code).toBe(2);
  expect(turn?.attributes).toMatchObject({ 'keel.turn.status': 'failed', 'http.response.status_code': 401 });
  expect(turn?.events?.map(({ name }) => name)).toContain('keel.error');
  expect(receiver.bodies.map(({ text }) => text).join()).not.toContain('sk-of-the-provider');
});

describe('a trace of the program that started keel', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';

  test('is joined', async () => {
    await using receiver = await startOtlpReceiver();
    const env = { TRACEPARENT: `00-${TRACE}-b7ad6b7169203331-01` };
    await runThreads({ ...places, script: [done], overrides: otel(receiver.url), env });
    expect(turnOf(receiver.spans())).toMatchObject({ traceId: TRACE, parentSpanId: 'b7ad6b7169203331' });
  });

  test('that is not sampled stays so: no spans, but metrics and logs', async () => {
    await using receiver = await startOtlpReceiver();
    const env = { TRACEPARENT: `00-${TRACE}-b7ad6b7169203331-00` };
    await runThreads({ ...places, script: [done], overrides: otel(receiver.url), env });
    expect(receiver.spans()).toEqual([]);
    expect(receiver.logs().length).toBeGreaterThan(0);
    expect(receiver.points().length).toBeGreaterThan(0);
  });

  test.each(['', 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])(
    'that is malformed (%j) is no trace',
    async (value) => {
      await using receiver = await startOtlpReceiver();
      await runThreads({ ...places, script: [done], overrides: otel(receiver.url), env: { TRACEPARENT: value } });
      expect(turnOf(receiver.spans())?.parentSpanId ?? '').toBe('');
    },
  );
});

test('a subagent’s turn is part of the turn that it works for', async () => {
  await using receiver = await startOtlpReceiver();
  const scripted = [
    respond(functionCall('spawn_agent', { message: 'count' }, 's1')),
    respond(functionCall('wait', { ids: ['agent_1'], timeout_ms: 60_000 }, 'w1')),
    done,
  ];
  let at = 0;
  await runThreads({
    ...places,
    script: (request) => {
      if (request.textsOf('user').some((text) => text.startsWith('<agent_role'))) return done;
      const answer = scripted[at];
      at += 1;
      return answer ?? done;
    },
    overrides: [...otel(receiver.url), 'features.multi_agent=true'],
  });
  const spans = receiver.spans();
  const turns = named(spans, 'invoke_agent keel');
  const top = turns.find(({ parentSpanId = '' }) => parentSpanId === '');
  expect(turns).toHaveLength(2);
  expect(turns.filter(({ parentSpanId }) => parentSpanId === top?.spanId)).toHaveLength(1);
  expect(new Set(turns.map(({ attributes }) => attributes['gen_ai.conversation.id'])).size).toBe(2);
});
