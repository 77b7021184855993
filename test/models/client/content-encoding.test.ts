import { brotliCompressSync, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  assistantMessage,
  clientOf,
  collect,
  completed,
  failureOf,
  itemDone,
  loopback,
  providerAt,
  sse,
} from '../support.ts';

const answer = sse(itemDone(assistantMessage('hällo')), completed);

describe('an answer with a content encoding', () => {
  test.each([
    ['gzip', gzipSync(answer)],
    ['x-gzip', gzipSync(answer)],
    ['deflate', deflateSync(answer)],
    ['br', brotliCompressSync(answer)],
    ['zstd', zstdCompressSync(answer)],
    ['identity', Buffer.from(answer)],
    ['gzip, br', brotliCompressSync(gzipSync(answer))],
  ])('reads the same: %s', async (encoding, body) => {
    const server = await loopback((response) => response.writeHead(200, { 'content-encoding': encoding }).end(body));
    expect(await collect(clientOf(providerAt(server.baseUrl)))).toContainEqual({
      type: 'itemDone',
      item: assistantMessage('hällo'),
    });
  });

  test('is read as it comes: an event does not wait for the next one', async () => {
    const gate = Promise.withResolvers<void>();
    const server = await loopback((response) => {
      const zip = createGzip();
      zip.pipe(response.writeHead(200, { 'content-encoding': 'gzip' }));
      zip.write(sse(itemDone(assistantMessage('first'))));
      zip.flush();
      void gate.promise.then(() => zip.end(sse(completed)));
    });
    const events = clientOf(providerAt(server.baseUrl)).stream(
      { instructions: '', input: [], tools: [], parallelToolCalls: false },
      { taskKind: 'regular', signal: AbortSignal.timeout(20_000) },
    );
    expect(await events.next()).toMatchObject({ value: [{ item: assistantMessage('first') }] });
    gate.resolve();
    expect(await events.next()).toMatchObject({ value: [{ type: 'completed' }] });
    await events.return();
  });

  test('of an error is decoded too, and one that is not known or broken fails the request', async () => {
    const refused = await loopback((response) =>
      response.writeHead(400, { 'content-encoding': 'gzip' }).end(gzipSync('{"error":{"message":"no such thing"}}')),
    );
    expect((await failureOf(collect(clientOf(providerAt(refused.baseUrl))))).message).toContain('no such thing');
    const unknown = await loopback((response) => response.writeHead(200, { 'content-encoding': 'pack200' }).end('x'));
    expect((await failureOf(collect(clientOf(providerAt(unknown.baseUrl))))).message).toContain('pack200');
    const broken = await loopback((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'));
    expect(await failureOf(collect(clientOf(providerAt(broken.baseUrl))))).toMatchObject({ retryable: true });
  });
});
