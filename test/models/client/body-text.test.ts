import { PassThrough, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BodyText } from '../../../src/models/client/body-text.ts';

function body(): { source: PassThrough; text: BodyText } {
  const source = new PassThrough();
  source.setEncoding('utf8');
  source.on('error', () => undefined);
  return { source, text: new BodyText(source) };
}

async function readAll(text: AsyncIterable<string>): Promise<string[]> {
  const parts: string[] = [];
  for await (const part of text) parts.push(part);
  return parts;
}

test('what has arrived is read at once, and what comes later by itself', async () => {
  const { source, text } = body();
  source.write('one ');
  source.write('two ');
  await turn();
  expect(await text.next()).toEqual({ done: false, value: 'one two ' });
  const later = text.next();
  source.end('three');
  expect(await later).toEqual({ done: false, value: 'three' });
  expect((await text.next()).done).toBe(true);
  expect((await text.next()).done).toBe(true);
});

test('a character whose bytes come in two pieces is whole', async () => {
  const { source, text } = body();
  const bytes = Buffer.from('€');
  source.write(bytes.subarray(0, 1));
  await turn();
  source.end(bytes.subarray(1));
  expect((await readAll(text)).join('')).toBe('€');
});

test('what came before a failure is read first, then the failure is thrown', async () => {
  const { source, text } = body();
  source.write('whole');
  await turn();
  source.destroy(new Error('reset by peer'));
  expect(await text.next()).toEqual({ done: false, value: 'whole' });
  await expect(text.next()).rejects.toThrow('reset by peer');
});

test('a reader that waits learns of a failure', async () => {
  const { source, text } = body();
  const waiting = text.next();
  source.destroy(new Error('reset by peer'));
  await expect(waiting).rejects.toThrow('reset by peer');
});

test('a body that is closed before its end is no whole one', async () => {
  const { source, text } = body();
  source.write('half');
  await turn();
  source.destroy();
  expect(await text.next()).toEqual({ done: false, value: 'half' });
  await expect(text.next()).rejects.toThrow('before its end');
});

test('a body that failed before it was read is a failure, not an empty one', async () => {
  const source = new PassThrough();
  source.on('error', () => undefined);
  source.destroy(new Error('unknown encoding'));
  await turn();
  await expect(readAll(new BodyText(source))).rejects.toThrow('unknown encoding');
});

test('a slow reader stops the source, and has all of it in order in the end', async () => {
  let made = 0;
  const source = new Readable({
    encoding: 'utf8',
    read() {
      made += 1;
      this.push(made > 1_000 ? null : Buffer.from(`${String(made).padStart(1_023, '0')}\n`));
    },
  });
  const text = new BodyText(source);
  await turn();
  await turn();
  expect(made).toBeLessThan(200);
  const lines = (await readAll(text)).join('').trimEnd().split('\n').map(Number);
  expect(lines).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 1));
});

test('leaving the loop leaves the body as it is, with no listener of the reader', async () => {
  const { source, text } = body();
  const before = source.listenerCount('error');
  source.write('first');
  for await (const part of text) {
    expect(part).toBe('first');
    break;
  }
  expect(source.destroyed).toBe(false);
  expect(source.listenerCount('data')).toBe(0);
  expect(source.listenerCount('error')).toBe(before - 1);
  const ended = new Promise((done) => source.once('end', done));
  source.resume().end('rest');
  await ended;
});
