import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withFileLock, writeInPlace } from '../../../src/foundation/files/index.ts';
import { Deferred } from '../../../src/foundation/util/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const dir = freshDirectory();
const { signal } = new AbortController();
const path = () => join(dir.path, 'deep', 'er', 'lock');

describe('work under the lock of a file', () => {
  it('makes the file with its directories, for the user alone, and gives the value of the work', async () => {
    expect(await withFileLock(path(), signal, () => 'value')).toBe('value');
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir.path, 'deep')).mode & 0o077).toBe(0);
  });

  it('keeps what is in the file', async () => {
    await withFileLock(path(), signal, () => undefined);
    writeFileSync(path(), 'kept');
    await withFileLock(path(), signal, () => undefined);
    expect(readFileSync(path(), 'utf8')).toBe('kept');
  });

  it('runs one at a time', async () => {
    let running = 0;
    let most = 0;
    const work = () =>
      withFileLock(path(), signal, async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      });
    await Promise.all([work(), work(), work()]);
    expect(most).toBe(1);
  });

  it('releases the lock when the work fails', async () => {
    const failing = withFileLock(path(), signal, () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await withFileLock(path(), signal, () => 'next')).toBe('next');
  });

  it('is not started when the wait is stopped', async () => {
    const [first, started] = [new Deferred<void>(), new Deferred<void>()];
    const owner = withFileLock(path(), signal, async () => {
      started.resolve();
      await first.promise;
    });
    await started.promise;
    const controller = new AbortController();
    let ran = false;
    const waiting = withFileLock(path(), controller.signal, () => {
      ran = true;
    });
    controller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow();
    first.resolve();
    await owner;
    expect(ran).toBe(false);
  });

  it('is not started under a signal that has aborted already', async () => {
    let ran = false;
    const work = withFileLock(path(), AbortSignal.abort(new Error('before')), () => {
      ran = true;
    });
    await expect(work).rejects.toThrow('before');
    expect(ran).toBe(false);
  });
});

describe('a file that is written in place', () => {
  const write = (before: string, after: string) => {
    const file = join(dir.path, 'file');
    writeFileSync(file, before, { mode: 0o644 });
    const fd = openSync(file, 'r+');
    writeInPlace(fd, after, 0o600);
    closeSync(fd);
    return { text: readFileSync(file, 'utf8'), mode: statSync(file).mode & 0o777 };
  };

  it.each([
    ['', 'new', 'new'],
    ['old', 'a longer one', 'a longer one'],
    ['a longer old one', '{}', `{}${'\n'.repeat(14)}`],
    ['old', '', '\n\n\n'],
    ['ééé', 'é', 'é\n\n\n\n'],
    ['same', 'size', 'size'],
  ])('%j becomes %j: %j, for its owner alone', (before, after, text) => {
    expect(write(before, after)).toEqual({ text, mode: 0o600 });
  });

  it('can be read as JSON whatever was there before', () => {
    const { text } = write('x'.repeat(500), JSON.stringify({ a: 1 }));
    expect(JSON.parse(text)).toEqual({ a: 1 });
  });
});
