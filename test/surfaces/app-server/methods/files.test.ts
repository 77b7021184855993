import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fileMethods } from '../../../../src/surfaces/app-server/methods/files/file-methods.ts';
import { ErrorCode } from '../../../../src/surfaces/app-server/methods/method.ts';
import { ServerSettings } from '../../../../src/surfaces/app-server/methods/server-settings.ts';
import { caller, refusal, uncheckedCaller, type World, world } from './support.ts';

/** Of the race against a directory that is swapped; more are for a night. */
const ROUNDS = Number(process.env['KEEL_RUNS'] ?? 30);

/** A client has not so many more. */
const MAX_WATCHES = 100;

const base64 = (text: string) => Buffer.from(text).toString('base64');
const files = (here: World) => caller(fileMethods(new ServerSettings(here.context)), here.client);

describe('files of the workspace', () => {
  test('are written, read, described, listed, copied and removed', async () => {
    using here = world();
    const call = files(here);
    const at = (name: string) => join(here.project, name);
    expect(await call('fs/createDirectory', { path: at('a/b') })).toEqual({});
    expect(await call('fs/writeFile', { path: at('a/b/note'), dataBase64: base64('text') })).toEqual({});
    expect(await call('fs/readFile', { path: at('a/b/note') })).toEqual({ dataBase64: base64('text') });
    const shown = await call('fs/getMetadata', { path: at('a/b/note') });
    const modifiedAtMs = Math.trunc(statSync(at('a/b/note')).mtimeMs);
    expect(shown).toMatchObject({ isFile: true, isDirectory: false, isSymlink: false, modifiedAtMs });
    expect(await call('fs/copy', { sourcePath: at('a'), destinationPath: at('c'), recursive: true })).toEqual({});
    expect(readFileSync(at('c/b/note'), 'utf8')).toBe('text');
    expect(await call('fs/readDirectory', { path: at('a') })).toEqual({
      entries: [{ fileName: 'b', isDirectory: true, isFile: false }],
    });
    expect(await call('fs/remove', { path: at('a') })).toEqual({});
    expect(existsSync(at('a'))).toBe(false);
  });

  test('keep links as links when they are copied and removed', async () => {
    using here = world('', { 'project/tree/real/file': 'kept\n' });
    const call = files(here);
    symlinkSync('real', join(here.project, 'tree/link'));
    await call('fs/copy', {
      sourcePath: join(here.project, 'tree'),
      destinationPath: join(here.project, 'copy'),
      recursive: true,
    });
    expect(readlinkSync(join(here.project, 'copy/link'))).toBe('real');
    await call('fs/remove', { path: join(here.project, 'tree/link') });
    expect(readFileSync(join(here.project, 'tree/real/file'), 'utf8')).toBe('kept\n');
  });

  test('copies lose the right to act as another user, and keep the others', async () => {
    using here = world();
    execFileSync('chmod', ['4755', join(here.project, 'readme.md')]);
    await files(here)('fs/copy', {
      sourcePath: join(here.project, 'readme.md'),
      destinationPath: join(here.project, 'copy.md'),
    });
    expect(statSync(join(here.project, 'copy.md')).mode & 0o7777).toBe(0o755);
  });

  test.each([
    ['fs/readFile', { path: 'readme.md' }],
    ['fs/readFile', { path: 7 }],
    ['fs/writeFile', { path: '/x', dataBase64: '!' }],
    ['fs/copy', { sourcePath: '/x' }],
  ])('%s with %j is an invalid request', async (name, params) => {
    using here = world();
    const call = uncheckedCaller(fileMethods(new ServerSettings(here.context)), here.client);
    expect(await refusal(call(name, params))).toMatchObject({ code: ErrorCode.invalidRequest });
  });

  test('that are missing are named, without paths of keel’s own', async () => {
    using here = world();
    const path = join(here.project, 'missing/file');
    for (const call of [
      files(here)('fs/readFile', { path }),
      files(here)('fs/writeFile', { path, dataBase64: '' }),
      files(here)('fs/remove', { path, force: false }),
      files(here)('fs/getMetadata', { path }),
    ]) {
      expect((await refusal(call)).message).toBe(`${path}: no such file or directory (ENOENT)`);
    }
  });

  test('changes are reported until the watch or the connection ends', async () => {
    using here = world();
    const call = files(here);
    expect(await call('fs/watch', { watchId: 'w', path: here.project })).toEqual({ path: here.project });
    expect((await refusal(call('fs/watch', { watchId: 'w', path: here.project }))).message).toContain('"w"');
    writeFileSync(join(here.project, 'new'), 'x');
    const first = await here.client.until((sent) => sent[0]);
    expect(first).toEqual({
      method: 'fs/changed',
      params: { watchId: 'w', changedPaths: [join(here.project, 'new')] },
    });
    expect(await call('fs/unwatch', { watchId: 'w' })).toEqual({});
    expect(await call('fs/watch', { watchId: 'w', path: join(here.project, 'new') })).toMatchObject({});
    renameSync(join(here.project, 'readme.md'), join(here.project, 'new'));
    expect(await here.client.until((sent) => sent[1]?.params)).toEqual({
      watchId: 'w',
      changedPaths: [join(here.project, 'new')],
    });
  });
});

describe('nothing leaves the workspace', () => {
  test.each([
    ['an absolute path', 'outside/secret.txt'],
    ['..', 'project/../outside/secret.txt'],
    ['a link to a file', 'project/file-link'],
    ['a link to a directory', 'project/dir-link/secret.txt'],
    ['a link to a link', 'project/second-link'],
    ['the home of keel', 'home/config.toml'],
    ['a link to the home', 'project/home-link/config.toml'],
    ['a hard link to credentials', 'project/hard-link'],
  ])('by %s', async (_, name) => {
    using here = world();
    const [project, outside] = [here.project, join(here.dir.path, 'outside')];
    symlinkSync(join(outside, 'secret.txt'), join(project, 'file-link'));
    symlinkSync(outside, join(project, 'dir-link'));
    symlinkSync('file-link', join(project, 'second-link'));
    symlinkSync(here.home, join(project, 'home-link'));
    linkSync(join(here.home, 'config.toml'), join(project, 'hard-link'));
    const before = readFileSync(join(here.home, 'config.toml'), 'utf8');
    const call = files(here);
    const path = `${here.dir.path}/${name}`;
    await refusal(call('fs/readFile', { path }));
    await refusal(call('fs/writeFile', { path, dataBase64: base64('x') }));
    await refusal(call('fs/copy', { sourcePath: path, destinationPath: join(project, 'copy') }));
    await refusal(
      call('fs/copy', { sourcePath: join(project, 'readme.md'), destinationPath: `${path}/../taken` }),
    ).catch(() => undefined);
    expect(existsSync(join(outside, 'taken')) || existsSync(join(here.home, 'taken'))).toBe(false);
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret\n');
    expect(readFileSync(join(here.home, 'config.toml'), 'utf8')).toBe(before);
    expect(existsSync(join(project, 'copy'))).toBe(false);
  });

  test('a link to outside is only shown as a link, and removing it removes nothing else', async () => {
    using here = world();
    const link = join(here.project, 'link');
    symlinkSync(join(here.dir.path, 'outside'), link);
    const call = files(here);
    expect(await call('fs/getMetadata', { path: link })).toMatchObject({
      isSymlink: true,
      isDirectory: false,
      isFile: false,
    });
    await refusal(call('fs/readDirectory', { path: link }));
    await refusal(call('fs/watch', { watchId: 'w', path: link }));
    await refusal(call('fs/createDirectory', { path: join(link, 'made') }));
    await call('fs/remove', { path: link });
    expect(readFileSync(join(here.dir.path, 'outside/secret.txt'), 'utf8')).toBe('secret\n');
  });

  test.each(['.git/config', '.git/hooks/pre-commit', '.keel/config.toml', 'sub/.keel/x', '.vscode/tasks.json'])(
    '%s is protected',
    async (name) => {
      using here = world('', { [`project/${name}`]: 'before\n' });
      const path = join(here.project, name);
      const call = files(here);
      const [first = ''] = name.split('/');
      await refusal(call('fs/writeFile', { path, dataBase64: base64('x') }));
      await refusal(call('fs/remove', { path }));
      await refusal(call('fs/remove', { path: join(here.project, first) }));
      await refusal(call('fs/copy', { sourcePath: join(here.project, 'readme.md'), destinationPath: path }));
      await refusal(call('fs/createDirectory', { path: join(here.project, '.git/made') }));
      expect(readFileSync(path, 'utf8')).toBe('before\n');
    },
  );

  test('a protected name that is a link is not removed or replaced either', async () => {
    using here = world('', { 'project/sub/real/x': '', 'project/sub/tree/.keel': 'planted\n' });
    symlinkSync('real', join(here.project, 'sub/.keel'));
    const call = files(here);
    await refusal(call('fs/remove', { path: join(here.project, 'sub/.keel') }));
    await refusal(
      call('fs/copy', {
        sourcePath: join(here.project, 'sub/tree'),
        destinationPath: join(here.project, 'sub'),
        recursive: true,
      }),
    );
    expect(readlinkSync(join(here.project, 'sub/.keel'))).toBe('real');
  });

  test('a directory with something protected in it loses nothing', async () => {
    using here = world('', { 'project/sub/a': '', 'project/sub/z/.git/config': 'x', 'project/sub/zz': '' });
    const error = await refusal(files(here)('fs/remove', { path: join(here.project, 'sub') }));
    expect(error.message).toContain('.git');
    expect(['a', 'z/.git/config', 'zz'].every((name) => existsSync(join(here.project, 'sub', name)))).toBe(true);
  });

  test('the workspace itself stays, and is not copied into itself', async () => {
    using here = world();
    const call = files(here);
    await refusal(call('fs/remove', { path: here.project }));
    await refusal(
      call('fs/copy', { sourcePath: here.project, destinationPath: join(here.project, 'in'), recursive: true }),
    );
    expect(existsSync(join(here.project, 'in'))).toBe(false);
  });

  test('hidden files, pipes and the system’s own files are not read', async () => {
    using here = world('sandbox.hidden_paths = ["hidden.txt"]', { 'project/hidden.txt': 'x' });
    execFileSync('mkfifo', [join(here.project, 'pipe')]);
    symlinkSync('/proc/self/environ', join(here.project, 'environ'));
    const call = files(here);
    for (const name of ['hidden.txt', 'pipe', 'environ']) {
      await refusal(call('fs/readFile', { path: join(here.project, name) }));
    }
    await refusal(call('fs/copy', { sourcePath: join(here.project, 'pipe'), destinationPath: `${here.project}/p` }));
  });

  test('read-only allows reading in the folder and no writing', async () => {
    using here = world();
    const context = { ...here.context, overrides: ['sandbox_mode="read-only"'] };
    const call = caller(fileMethods(new ServerSettings(context)), here.client);
    const path = join(here.project, 'readme.md');
    expect(await call('fs/readFile', { path })).toEqual({ dataBase64: base64('hello\n') });
    for (const name of ['fs/writeFile', 'fs/remove', 'fs/createDirectory']) {
      await refusal(call(name, { path, dataBase64: '', recursive: true }));
    }
    await refusal(call('fs/readFile', { path: join(here.dir.path, 'outside/secret.txt') }));
  });

  test('a working directory that was replaced by a link is refused', async () => {
    using here = world();
    const call = files(here);
    await call('fs/readFile', { path: join(here.project, 'readme.md') });
    renameSync(here.project, join(here.dir.path, 'moved'));
    symlinkSync(join(here.dir.path, 'outside'), here.project);
    await refusal(call('fs/readFile', { path: join(here.project, 'secret.txt') }));
    await refusal(call('fs/writeFile', { path: join(here.project, 'new'), dataBase64: '' }));
  });

  test('a directory that keeps becoming a link lets nothing out and nothing in', async () => {
    using here = world('', { 'project/dir/secret.txt': 'own\n', 'project/dir/deep/x': '' });
    const outside = join(here.dir.path, 'outside');
    mkdirSync(join(outside, 'deep'));
    writeFileSync(join(outside, 'deep/x'), 'outside\n');
    writeFileSync(join(outside, 'outside-only'), '');
    symlinkSync(outside, join(here.project, 'swap'));
    const script = `
      import { renameSync } from 'node:fs';
      for (;;) { try { renameSync('dir', 'away'); renameSync('swap', 'dir'); renameSync('dir', 'swap'); renameSync('away', 'dir'); } catch {} }`;
    const racer = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: here.project });
    onTestFinished(() => void racer.kill('SIGKILL'));
    try {
      const call = files(here);
      const path = join(here.project, 'dir/secret.txt');
      for (let round = 0; round < ROUNDS; round += 1) {
        const read = await call('fs/readFile', { path }).catch(() => ({ dataBase64: base64('own\n') }));
        expect(['own\n', 'new\n']).toContain(
          Buffer.from('dataBase64' in read ? String(read.dataBase64) : '', 'base64').toString(),
        );
        await call('fs/writeFile', { path, dataBase64: base64('new\n') }).catch(() => undefined);
        await call('fs/remove', { path: join(here.project, 'dir/deep') }).catch(() => undefined);
        await call('fs/createDirectory', { path: join(here.project, 'dir/made') }).catch(() => undefined);
        const copy = join(here.project, `copy-${round}`);
        await call('fs/copy', { sourcePath: path, destinationPath: copy }).catch(() => undefined);
        if (existsSync(copy)) expect(['own\n', 'new\n']).toContain(readFileSync(copy, 'utf8'));
        const whole = { sourcePath: join(here.project, 'dir'), destinationPath: `${copy}-tree`, recursive: true };
        await call('fs/copy', whole).catch(() => undefined);
        // A link is copied as a link.
        const isTree = lstatSync(`${copy}-tree`, { throwIfNoEntry: false })?.isDirectory() === true;
        if (isTree) expect(readdirSync(`${copy}-tree`)).not.toContain('outside-only');
        const into = { sourcePath: join(here.project, 'readme.md'), destinationPath: join(here.project, 'dir/copied') };
        await call('fs/copy', into).catch(() => undefined);
        const listed = await call('fs/readDirectory', { path: join(here.project, 'dir') }).catch(() => ({}));
        expect(JSON.stringify(listed)).not.toContain('outside-only');
        if (round >= MAX_WATCHES) continue;
        await call('fs/watch', { watchId: `w${round}`, path: join(here.project, 'dir') }).catch(() => undefined);
      }
    } finally {
      racer.kill('SIGKILL');
    }
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret\n');
    expect(readFileSync(join(outside, 'deep/x'), 'utf8')).toBe('outside\n');
    // A watch that looked outside would report this before the other.
    appendFileSync(join(outside, 'outside-only'), 'x');
    await files(here)('fs/watch', { watchId: 'last', path: here.project });
    writeFileSync(join(here.project, 'last'), '');
    await here.client.until((sent) => sent.find(({ params }) => JSON.stringify(params).includes('/last"')));
    for (const name of ['made', 'copied']) {
      expect(lstatSync(join(outside, name), { throwIfNoEntry: false })).toBeUndefined();
    }
    expect(JSON.stringify(here.client.sent)).not.toContain('outside-only');
  });
});
