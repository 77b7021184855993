import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CancelledError, TerminalError } from '@restatedev/restate-sdk';
import type { Op, UserInput } from 'keel/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { steerOp } from '../../src/protocol.ts';
import { keepPictures, loadPictures, picturesOf, storePictures, withPictures } from '../../src/service/pictures.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const picture = (letter: string) => `data:image/png;base64,${letter.repeat(200_000)}`;
const text = (said: string): UserInput => ({ type: 'text', text: said });
const image = (url: string): UserInput => ({ type: 'image', url });
const opOf = (...items: readonly UserInput[]): Op => ({ type: 'userInput', items: [...items] });
const folder = () => join(home, 'fleet', 'pictures');

async function stored(op: Op): Promise<Op> {
  return withPictures(op, await storePictures(home, picturesOf(op)));
}

describe('a picture in an op', () => {
  test('is a short name at the engine, and the picture again for the session, between the same texts', async () => {
    const op = opOf(text('before'), image(picture('A')), text('between'), image(picture('B')), text('after'));
    const short = await stored(op);
    expect(JSON.stringify(short).length).toBeLessThan(500);
    expect(loadPictures(home, short)).toEqual(op);
  });

  test('is kept once, however often it is sent', async () => {
    await Promise.all([stored(opOf(image(picture('A')))), stored(opOf(image(picture('A')), image(picture('A'))))]);
    expect(readdirSync(folder())).toHaveLength(1);
  });

  test.each([
    ['an address', 'https://example.com/a.png'],
    ['a small picture', 'data:image/png;base64,AAAA'],
  ])('that is %s stays as it is', async (_, url) => {
    const op = opOf(image(url));
    expect(await stored(op)).toEqual(op);
    expect(loadPictures(home, op)).toEqual(op);
  });

  test.each<readonly [string, (path: string) => void]>([
    ['is gone', (path) => rmSync(path)],
    ['was changed', (path) => writeFileSync(path, picture('C'))],
    ['is cut off', (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, -1))],
    [
      'is a directory by now',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('whose file %s becomes a text that says so', async (_, change) => {
    const short = await stored(opOf(text('see'), image(picture('A'))));
    change(join(folder(), readdirSync(folder())[0] ?? ''));
    expect(loadPictures(home, short)).toEqual(opOf(text('see'), text(expect.stringContaining('can’t be read'))));
  });

  test('that a user names is looked for among those of the thread alone', () => {
    const secret = picture('S');
    writeFileSync(join(home, 'secret'), secret);
    const digest = createHash('sha256').update(secret).digest('hex');
    for (const name of ['keel-picture:../../secret', 'keel-picture:/etc/passwd']) {
      expect(loadPictures(home, opOf(image(name)))).toEqual(opOf(image(name)));
    }
    const unknown = loadPictures(home, opOf(image(`keel-picture:${digest}`)));
    expect(unknown).toEqual(opOf(text(expect.stringContaining('can’t be read'))));
  });
});

describe('a picture whose folder can’t be written', () => {
  /** Does work as the engine does: as often as it may, and then its error is final. */
  async function run<T>(work: () => Promise<T>, { maxRetryAttempts }: { maxRetryAttempts: number }): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (attempt === maxRetryAttempts) throw new TerminalError(String(error));
      }
    }
  }

  test('is refused after a few attempts, in words for whoever sent it', async () => {
    writeFileSync(join(home, 'fleet'), 'a file');
    const error = await keepPictures(home, [picture('A')], run).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: 'the picture can’t be stored', code: 409 });
    expect(String(error)).not.toContain(home);
    rmSync(join(home, 'fleet'));
    expect(await keepPictures(home, [picture('A'), 'b'], run)).toEqual([expect.stringMatching(/^keel-picture:/), 'b']);
  });

  test('gives the engine at most a few seconds, and asks it nothing for what is short', async () => {
    const asked: object[] = [];
    const noted = (_: unknown, retries: object) => {
      asked.push(retries);
      return Promise.resolve([]);
    };
    await keepPictures(home, ['https://example.com/a.png'], noted);
    expect(asked).toEqual([]);
    await keepPictures(home, [picture('A')], noted);
    expect(asked).toMatchObject([{ maxRetryAttempts: 5, maxRetryDuration: 3_000 }]);
  });

  test('leaves a cancelled call cancelled', async () => {
    const cancelled = () => Promise.reject(new CancelledError());
    await expect(keepPictures(home, [picture('A')], cancelled)).rejects.toBeInstanceOf(CancelledError);
  });
});

test.each<readonly [string, { text: string; images?: string[] }, readonly UserInput[]]>([
  ['a text', { text: 'left' }, [text('left')]],
  ['a text with pictures', { text: 'left', images: ['a', 'b'] }, [text('left'), image('a'), image('b')]],
  ['a picture alone', { text: '', images: ['a'] }, [image('a')]],
  ['nothing', { text: '' }, [text('')]],
])('a message that is %s reaches the session whole', (_, steer, items) => {
  expect(steerOp(steer)).toEqual(opOf(...items));
});

test('an op without pictures is as it was', () => {
  const op: Op = { type: 'review', target: { type: 'uncommittedChanges' } };
  expect(picturesOf(op)).toEqual([]);
  expect(withPictures(op, [])).toEqual(op);
  expect(loadPictures(home, op)).toEqual(op);
});
