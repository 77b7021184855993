import { PassThrough, Readable, Writable } from 'node:stream';
import type { AnyMessage } from '@agentclientprotocol/sdk';
import { describe, expect, test } from 'vitest';
import { KeelError } from '../../../src/foundation/protocol/index.ts';
import { answered, invalidParams, requestError } from '../../../src/surfaces/acp/errors.ts';
import { messageStream } from '../../../src/surfaces/acp/message-stream.ts';

interface Read {
  readonly messages: readonly AnyMessage[];
  /** What was answered to lines that are no messages. */
  readonly answers: readonly { readonly id: unknown; readonly error: { readonly code: number } }[];
}

async function read(...parts: (string | Buffer)[]): Promise<Read> {
  const written: string[] = [];
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  const { readable } = messageStream(Readable.from(parts, { objectMode: false }), stdout);
  const messages: AnyMessage[] = [];
  for await (const message of readable) messages.push(message);
  return { messages, answers: written.map((line) => JSON.parse(line)) };
}

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('messages', () => {
  test.each<[string, object]>([
    ['a request', ping],
    ['a request with a name as its id', { ...ping, id: 'a' }],
    ['a request without an id of its own', { ...ping, id: null }],
    ['a notification', { jsonrpc: '2.0', method: 'session/cancel', params: {} }],
    ['an answer', { jsonrpc: '2.0', id: 3, result: {} }],
    ['an error', { jsonrpc: '2.0', id: 3, error: { code: 1, message: 'no' } }],
  ])('%s is read', async (_, message) => {
    expect(await read(`${JSON.stringify(message)}\n`)).toEqual({ messages: [message], answers: [] });
  });

  test('may be cut anywhere, have blanks around them and empty lines between them', async () => {
    const text = `\n  ${JSON.stringify({ ...ping, method: 'größe' })}\r\n\n\t\n${JSON.stringify(ping)}`;
    const bytes = Buffer.from(text);
    const parts = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect((await read(...parts)).messages).toEqual([{ ...ping, method: 'größe' }, ping]);
  });

  test.each(['session/new', 'session/load', 'session/resume'])('of %s may leave out their servers', async (method) => {
    for (const params of [{ cwd: '/' }, { cwd: '/', mcpServers: null }]) {
      const { messages } = await read(JSON.stringify({ ...ping, method, params }));
      expect(messages).toEqual([{ ...ping, method, params: { cwd: '/', mcpServers: [] } }]);
    }
  });

  test('of other methods, and with servers, stay as they are', async () => {
    const kept = [
      { ...ping, method: 'session/list', params: { cwd: '/' } },
      { ...ping, method: 'session/new', params: { cwd: '/', mcpServers: [{ name: 'a' }] } },
      { ...ping, method: 'session/new', params: null },
      { ...ping, method: 'session/new' },
    ];
    expect((await read(kept.map((one) => JSON.stringify(one)).join('\n'))).messages).toEqual(kept);
  });
});

describe('a line that is no message', () => {
  test.each<[string, number]>([
    ['not JSON', -32_700],
    ['{"jsonrpc":"2.0","id":1,', -32_700],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32_600],
    ['[]', -32_600],
    ['null', -32_600],
    ['1', -32_600],
    ['"text"', -32_600],
    ['{}', -32_600],
    ['{"id":1,"method":"ping"}', -32_600],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32_600],
    ['{"jsonrpc":"2.0"}', -32_600],
    ['{"jsonrpc":"2.0","method":7}', -32_600],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32_600],
    ['{"jsonrpc":"2.0","id":[1],"method":"ping"}', -32_600],
    ['{"jsonrpc":"2.0","id":true,"method":"ping"}', -32_600],
  ])('%s is answered with %i, and the next line is read', async (line, code) => {
    const { messages, answers } = await read(`${line}\n${JSON.stringify(ping)}\n`);
    expect(answers).toMatchObject([{ id: null, error: { code } }]);
    expect(messages).toEqual([ping]);
  });

  test('because it is nested too deeply is answered, and the next one is read', async () => {
    const { messages, answers } = await read(`${'['.repeat(200_000)}\n${JSON.stringify(ping)}\n`);
    expect(answers).toHaveLength(1);
    expect(messages).toEqual([ping]);
  });

  test('because it is too long is answered, and the next one is read', async () => {
    const chunk = Buffer.alloc(9 * 1024 * 1024, 0x20);
    const { messages, answers } = await read(chunk, chunk, chunk, chunk, `\n${JSON.stringify(ping)}\n`);
    expect(answers).toMatchObject([{ error: { code: -32_600 } }]);
    expect(messages).toEqual([ping]);
  });
});

describe('what is sent after an answer', () => {
  function writing() {
    const stdout = new PassThrough();
    const stream = messageStream(Readable.from([]), stdout);
    const writer = stream.writable.getWriter();
    return { ...stream, writer, text: () => String(stdout.read() ?? '') };
  }

  test('starts when the answer has been written, once', async () => {
    const { writer, afterAnswer, text } = writing();
    const seen: string[] = [];
    afterAnswer(7, () => seen.push(text()));
    await writer.write({ jsonrpc: '2.0', id: 8, result: {} });
    await writer.write({ jsonrpc: '2.0', method: 'session/update', params: {} });
    await writer.write({ jsonrpc: '2.0', id: 7, method: 'ask', params: {} });
    expect(seen).toEqual([]);
    await writer.write({ jsonrpc: '2.0', id: 7, result: { sessionId: 's' } });
    await writer.write({ jsonrpc: '2.0', id: 7, result: {} });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toContain('"sessionId":"s"');
  });

  test('does not start where the answer is an error', async () => {
    const { writer, afterAnswer } = writing();
    let count = 0;
    afterAnswer(7, () => {
      count += 1;
    });
    await writer.write({ jsonrpc: '2.0', id: 7, error: { code: 1, message: 'no' } });
    expect(count).toBe(0);
  });

  test('a message is one line, whatever is in it', async () => {
    const { writer, text } = writing();
    await writer.write({ jsonrpc: '2.0', method: 'x', params: { text: 'a\nb\r\u2028' } });
    expect(text().split('\n')).toHaveLength(2);
  });
});

describe('failures', () => {
  test.each([
    ['invalidInput', -32_602],
    ['threadNotFound', -32_002],
    ['missingCredentials', -32_000],
    ['unauthorized', -32_000],
    ['internal', -32_603],
    ['serverOverloaded', -32_603],
    ['sessionClosed', -32_603],
  ] as const)('%s has the code %i', (kind, code) => {
    expect(requestError({ kind, message: 'words' })).toMatchObject({ code, message: 'words', data: { kind } });
  });

  test('of any kind are errors of the protocol', async () => {
    const fails = (error: unknown) =>
      answered(() => {
        throw error;
      });
    await expect(fails(new KeelError('threadBusy', 'busy'))).rejects.toMatchObject({ code: -32_603, message: 'busy' });
    await expect(fails(new Error('bug'))).rejects.toMatchObject({ code: -32_603, data: { kind: 'internal' } });
    await expect(fails('text')).rejects.toMatchObject({ code: -32_603 });
    await expect(fails(invalidParams('bad'))).rejects.toMatchObject({ code: -32_602, message: 'bad' });
    await expect(answered(() => Promise.reject(invalidParams('late')))).rejects.toMatchObject({ code: -32_602 });
  });

  test('are none where the work succeeds', async () => {
    expect(await answered(() => 1)).toBe(1);
    expect(await answered(async () => 2)).toBe(2);
  });
});
