import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Connection, MAX_QUEUED_BYTES } from '../../../../src/surfaces/app-server/connection/connection.ts';
import { type Methods, method, orderedMethod, type Reply } from '../../../../src/surfaces/app-server/methods/method.ts';

const RUNS = Number(process.env['KEEL_RUNS'] ?? 1) * 10_000;

interface Sent {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

function connected(methods: Methods = {}) {
  const sent: Sent[] = [];
  const wire = { queued: 0, ended: '' };
  const connection = new Connection({
    wire: {
      send: (text) => void sent.push(JSON.parse(text)),
      queuedBytes: () => wire.queued,
      end: (reason) => {
        wire.ended = reason;
      },
    },
    methods,
    home: '/home',
    log: () => undefined,
  });
  const send = (message: unknown) => connection.receive(JSON.stringify(message));
  const initialize = () => send({ id: 0, method: 'initialize', params: { clientInfo: { name: 't', version: '1' } } });
  return { connection, sent, wire, send, initialize };
}

const turnOver = () => new Promise((resolve) => setImmediate(resolve));
const echo = method(z.object({ text: z.string() }), async ({ text }) => ({ text }));

describe('a connection', () => {
  test('protocol: whatever comes in, each request gets one answer and everything else an error or nothing', async () => {
    const seeds = [
      '{"id":1,"method":"echo","params":{"text":"x"}}',
      '{"jsonrpc":"2.0","id":"a","method":"constructor","params":[1,{"a":null}]}',
      '{"method":"initialized"}',
      '{"id":2,"result":{"decision":"accept"}}',
      '{"id":3,"error":{"code":-1,"message":"no"}}',
      '{"id":4,"method":"initialize","params":{"clientInfo":{"name":"t","version":"1"}}}',
    ];
    const pieces = [
      '"',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      'null',
      '1e999',
      '-0',
      '"id":',
      '"method":',
      '__proto__',
      '\\u0000',
      '\u0000',
      '\ud800',
      ' ',
    ];
    const edit = fc.tuple(fc.nat(90), fc.nat(12), fc.constantFrom('', ...pieces));
    const text = fc
      .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 4 }))
      .map(([seed, edits]) =>
        edits.reduce((at, [start, length, piece]) => at.slice(0, start) + piece + at.slice(start + length), seed),
      );
    const { connection, sent, send, initialize } = connected({ echo });
    initialize();
    await turnOver();
    for (const given of fc.sample(text, RUNS)) connection.receive(given);
    for (const deep of ['['.repeat(100_000), `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`]) connection.receive(deep);
    await turnOver();
    expect(sent.every(({ result, error }) => (result === undefined) !== (error === undefined))).toBe(true);
    const codes = new Set(sent.flatMap(({ error }) => error?.code ?? []));
    expect([...codes].filter((code) => ![-32700, -32600, -32601, -32001].includes(code))).toEqual([]);
    sent.length = 0;
    send({ id: 'after', method: 'echo', params: { text: 'alive' } });
    await turnOver();
    expect(sent).toEqual([{ id: 'after', result: { text: 'alive' } }]);
  });

  test('parameters that do not fit name the place; a fault of the server says nothing of itself', async () => {
    const fails = method(z.object({}), () => Promise.reject(new Error('secret detail')));
    const { sent, send, initialize } = connected({ echo, fails });
    initialize();
    send({ id: 1, method: 'echo', params: { text: 1 } });
    send({ id: 2, method: 'fails' });
    await turnOver();
    expect(sent.slice(1)).toEqual([
      { id: 1, error: { code: -32600, message: expect.stringMatching(/^Invalid request: text: /) } },
      { id: 2, error: { code: -32603, message: 'Internal error' } },
    ]);
  });

  test('what an ordered request causes follows its answer, and the next one waits for it', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = orderedMethod(z.object({ name: z.string() }), async ({ name }, client) => {
      client.notify('caused', { name });
      await gate.promise;
      return { name };
    });
    const { sent, send, initialize } = connected({ slow, echo });
    initialize();
    send({ id: 1, method: 'slow', params: { name: 'a' } });
    send({ id: 2, method: 'slow', params: { name: 'b' } });
    send({ id: 3, method: 'echo', params: { text: 'x' } });
    await turnOver();
    expect(sent.slice(1).map(({ id }) => id)).toEqual([3]);
    gate.resolve();
    await turnOver();
    expect(sent.slice(2).map(({ id, method: name }) => id ?? name)).toEqual([1, 'caused', 2, 'caused']);
  });

  test('more requests at once than it works on are refused as overload', async () => {
    const never = method(z.object({}), () => new Promise<object>(() => undefined));
    const { sent, send, initialize } = connected({ never });
    initialize();
    await turnOver();
    for (let id = 1; id <= 129; id += 1) send({ id, method: 'never' });
    await turnOver();
    expect(sent.slice(1)).toEqual([{ id: 129, error: { code: -32001, message: expect.any(String) } }]);
  });

  test('a client that does not read is ended, with a last word', async () => {
    const { connection, sent, wire, initialize } = connected();
    initialize();
    await turnOver();
    wire.queued = MAX_QUEUED_BYTES + 10_000;
    connection.notify('turn/started', {});
    connection.notify('turn/completed', {});
    expect(sent.map(({ method: name }) => name)).toEqual([undefined, 'turn/started', 'warning']);
    expect(wire.ended).toContain('too slowly');
    expect(connection.closed.aborted).toBe(true);
  });

  test('one message may be larger than what may wait', async () => {
    const large = method(z.object({}), async () => ({ text: 'x'.repeat(MAX_QUEUED_BYTES) }));
    const { connection, wire, send, initialize } = connected({ large });
    initialize();
    send({ id: 1, method: 'large' });
    wire.queued = MAX_QUEUED_BYTES;
    await turnOver();
    expect(connection.closed.aborted).toBe(false);
  });

  test('a reply reaches its question once, and none that was withdrawn', async () => {
    const { connection, send, initialize } = connected();
    initialize();
    const replies: Reply[] = [];
    const first = connection.request('q', {}, (reply) => replies.push(reply));
    const second = connection.request('q', {}, (reply) => replies.push(reply));
    connection.withdraw(second);
    send({ id: first, error: { code: 1, message: 'no' } });
    send({ id: first, result: {} });
    send({ id: second, result: {} });
    send({ id: 'unasked', result: {} });
    expect(replies).toEqual([{ type: 'error', message: 'no' }]);
  });
});
