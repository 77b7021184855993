import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PlaceError, Places, WorkTree } from '../../src/place/index.ts';
import { addWorkTree, makeWhole } from '../../src/place/make-tree.ts';

const ID = '01999999-0000-7000-8000-000000000001';
const never = new AbortController().signal;
let data: string;
let source: string;

beforeEach(() => {
  data = realpathSync(mkdtempSync(join(tmpdir(), 'keel-fleet-')));
  source = join(data, 'repositories', 'app');
  mkdirSync(source, { recursive: true });
  git('init', '-q', '-b', 'main');
  commit('one');
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  return execFileSync('git', ['-C', source, ...who, ...args], { encoding: 'utf8' }).trim();
}

function commit(text: string): string {
  writeFileSync(join(source, 'file'), text);
  git('add', '.');
  git('commit', '-q', '-m', text);
  return git('rev-parse', 'HEAD');
}

/** A maker without a sign of life for so long is dead here, ms. */
const ABANDONED_MS = 600;
const places = () => new Places({ data, cloneFrom: [`file://${data}/repositories/`], abandonedMs: ABANDONED_MS });
const read = (cwd: string) => readFileSync(join(cwd, 'file'), 'utf8');

describe('the place of a thread', () => {
  test('is a work tree of a repository at a commit, and a home of its own', async () => {
    const first = git('rev-parse', 'HEAD');
    commit('two');
    const place = await places().make(ID, { type: 'worktree', repository: 'app', revision: first }, never);
    expect(place).toEqual({ cwd: join(data, 'threads', ID, 'work'), home: join(data, 'threads', ID, 'home') });
    expect(read(place.cwd)).toBe('one');
    expect(lstatSync(place.home).mode & 0o777).toBe(0o700);
  });

  test('is a clone at a commit, in which no hook of the repository has run', async () => {
    const first = git('rev-parse', 'HEAD');
    commit('two');
    const template = join(source, '.git', 'hooks', 'post-checkout');
    writeFileSync(template, `#!/bin/sh\ntouch ${data}/hooked\n`, { mode: 0o755 });
    const url = `file://${source}`;
    const place = await places().make(ID, { type: 'clone', url, revision: first }, never);
    expect(read(place.cwd)).toBe('one');
    expect(existsSync(join(data, 'hooked'))).toBe(false);
  });

  test('is a directory that was given, which is never removed', async () => {
    mkdirSync(join(data, 'directories', 'shared'), { recursive: true });
    const place = await places().make(ID, { type: 'directory', name: 'shared' }, never);
    expect(place.cwd).toBe(join(data, 'directories', 'shared'));
    await places().clean(ID, { record: true }, never);
    expect(existsSync(place.cwd)).toBe(true);
  });

  test('is made once: a second attempt finds what the first has made', async () => {
    const work = { type: 'worktree', repository: 'app' } as const;
    const place = await places().make(ID, work, never);
    writeFileSync(join(place.cwd, 'file'), 'changed');
    expect(await places().make(ID, work, never)).toEqual(place);
    expect(read(place.cwd)).toBe('changed');
  });

  test('shows the operator’s settings, and the thread’s own stay its own', async () => {
    mkdirSync(join(data, 'settings'));
    writeFileSync(join(data, 'settings', 'config.toml'), 'model = "m"\n');
    const { home } = await places().make(ID, { type: 'empty' }, never);
    expect(readFileSync(join(home, 'config.toml'), 'utf8')).toBe('model = "m"\n');
    expect(existsSync(join(home, 'auth.json'))).toBe(false);
  });

  test('is cleaned: the work tree goes, the record stays until it is to go as well', async () => {
    const place = await places().make(ID, { type: 'worktree', repository: 'app' }, never);
    await places().clean(ID, { record: false }, never);
    expect([existsSync(place.cwd), existsSync(place.home)]).toEqual([false, true]);
    // The repository takes the same path again.
    await places().make(ID, { type: 'worktree', repository: 'app' }, never);
    await places().clean(ID, { record: true }, never);
    expect(existsSync(join(data, 'threads', ID))).toBe(false);
  });

  test('is made though an attempt that was killed has left a locked entry in the repository', async () => {
    const cwd = join(data, 'threads', ID, 'work');
    git('worktree', 'add', '-q', '--lock', '--detach', cwd);
    rmSync(cwd, { recursive: true });
    const place = await places().make(ID, { type: 'worktree', repository: 'app' }, never);
    expect(read(place.cwd)).toBe('one');
    expect(git('worktree', 'list').split('\n')).toHaveLength(2);
  });

  test('whose making is stopped leaves nothing that a later attempt takes for whole', async () => {
    const stop = AbortSignal.abort();
    const work = { type: 'clone', url: `file://${source}` } as const;
    await expect(places().make(ID, work, stop)).rejects.toThrow();
    const place = await places().make(ID, work, never);
    expect(read(place.cwd)).toBe('one');
  });
});

test.each([['worktree'], ['clone']] as const)(
  'what is at the path of a place of type %s and is no work tree is neither used nor removed',
  async (type) => {
    const cwd = join(data, 'threads', ID, 'work');
    mkdirSync(cwd, { recursive: true });
    writeFileSync(join(cwd, 'notes'), 'kept');
    const work = type === 'clone' ? { type, url: `file://${source}` } : { type, repository: 'app' };
    await expect(places().make(ID, work, never)).rejects.toThrow('is no work tree');
    expect(readFileSync(join(cwd, 'notes'), 'utf8')).toBe('kept');
  },
);

describe('a place whose maker was killed', () => {
  /** A git that makes half of what it is asked for, and kills whoever asked. */
  function killedWith(work: WorkTree): void {
    const bin = join(data, 'bin');
    mkdirSync(bin);
    const cwd = join(data, 'threads', ID, 'work');
    const half = `#!/bin/sh\ncase "$*" in *prune*) exit 0;; esac\nmkdir ${cwd}\necho half > ${cwd}/file\nkill -9 $PPID\n`;
    writeFileSync(join(bin, 'git'), half, { mode: 0o755 });
    const options = { data, cloneFrom: [`file://${data}/repositories/`] };
    const program = `
      const { Places } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/place/index.ts'))});
      const places = new Places(${JSON.stringify(options)});
      await places.make(${JSON.stringify(ID)}, ${JSON.stringify(work)}, new AbortController().signal);`;
    const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: data };
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { env });
    expect(signal).toBe('SIGKILL');
    expect(read(cwd)).toBe('half\n');
  }

  const works = () => [
    { type: 'worktree', repository: 'app' } as const,
    { type: 'clone', url: `file://${source}` } as const,
  ];
  test.each([0, 1])('is made again from its beginning', async (at) => {
    const work = works()[at] ?? { type: 'empty' };
    killedWith(work);
    const place = await places().make(ID, work, never);
    expect(read(place.cwd)).toBe('one');
    expect(execFileSync('git', ['-C', place.cwd, 'status', '--porcelain'], { encoding: 'utf8' })).toBe('');
    // Whole now: it is not made a third time.
    writeFileSync(join(place.cwd, 'file'), 'changed');
    await places().make(ID, work, never);
    expect(read(place.cwd)).toBe('changed');
  });

  test('leaves nothing of an earlier draft in the repository', async () => {
    const cwd = join(data, 'threads', ID, 'work');
    mkdirSync(join(data, 'threads', ID), { recursive: true });
    git('worktree', 'add', '-q', '--lock', '--detach', `${cwd}.draft-0`);
    writeFileSync(`${cwd}.unfinished`, '');
    const place = await places().make(ID, { type: 'worktree', repository: 'app' }, never);
    expect(read(place.cwd)).toBe('one');
    expect(git('worktree', 'list', '--porcelain').match(/^(?:worktree|locked|prunable).*/gm)).toEqual([
      `worktree ${source}`,
      `worktree ${cwd}`,
    ]);
    expect(readdirSync(join(data, 'threads', ID)).sort()).toEqual(['home', 'work']);
  });

  test('is removed with its thread', async () => {
    killedWith({ type: 'worktree', repository: 'app' });
    await places().clean(ID, { record: true }, never);
    expect(existsSync(join(data, 'threads', ID))).toBe(false);
  });
});

test('a work tree that can’t be finished leaves no entry in its repository', async () => {
  const cwd = join(data, 'work');
  const made = makeWhole(
    cwd,
    ABANDONED_MS,
    async (making) => {
      // A directory with something in it is not replaced.
      mkdirSync(cwd);
      writeFileSync(join(cwd, 'notes'), '');
      await addWorkTree({ ...making, repository: source, revision: undefined, cwd });
    },
    never,
  );
  await expect(made).rejects.toMatchObject({ code: 'ENOTEMPTY' });
  expect(git('worktree', 'list', '--porcelain').match(/^(?:worktree|locked|prunable).*/gm)).toEqual([
    `worktree ${source}`,
  ]);
  expect(readdirSync(data).filter((name) => name.startsWith('work'))).toEqual([]);
});

test('the place of a thread is made by one of two that ask at once', async () => {
  const work = { type: 'clone', url: `file://${source}` } as const;
  const maker = places();
  const [one, other] = await Promise.all([maker.make(ID, work, never), maker.make(ID, work, never)]);
  expect(one).toEqual(other);
  expect(read(one.cwd)).toBe('one');
});

describe('two fronts that make a place at once', () => {
  const works = () => [
    { type: 'worktree', repository: 'app' } as const,
    { type: 'clone', url: `file://${source}` } as const,
  ];
  test.each([0, 1])('make it once: what is whole for one is not removed by the other', async (at) => {
    const work = works()[at] ?? { type: 'empty' };
    const [one, other] = [places(), places()];
    const first = one.make(ID, work, never).then((place) => writeFileSync(join(place.cwd, 'own'), 'kept'));
    const [place] = await Promise.all([other.make(ID, work, never), first]);
    expect(read(place.cwd)).toBe('one');
    expect(readFileSync(join(place.cwd, 'own'), 'utf8')).toBe('kept');
    expect(readdirSync(join(data, 'threads', ID)).sort()).toEqual(['home', 'work']);
  });
});

test('a maker that was frozen, and lost its place to another front, stops its git and leaves the place alone', async () => {
  const bin = join(data, 'bin');
  mkdirSync(bin);
  // It takes as long as it is let; what it would remove at its end, as git does, is what it was asked to make.
  const endless = `#!/bin/bash
    case "$*" in *"worktree add"*) ;; *) exit 0;; esac
    trap 'rm -rf "\${@: -2:1}"; touch ${data}/ended; exit 1' TERM
    mkdir "\${@: -2:1}"; touch ${data}/started; sleep 60 & wait`;
  writeFileSync(join(bin, 'git'), endless.replaceAll('\\$', '$'), { mode: 0o755 });
  const options = { data, cloneFrom: [], abandonedMs: ABANDONED_MS };
  const work = { type: 'worktree', repository: 'app' } as const;
  const program = `
    const { Places } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/place/index.ts'))});
    await new Places(${JSON.stringify(options)}).make(${JSON.stringify(ID)}, ${JSON.stringify(work)}, new AbortController().signal);`;
  const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: data };
  const frozen = spawn(process.execPath, ['--input-type=module', '--eval', program], { env });
  const errors = text(frozen.stderr);
  await expect.poll(() => existsSync(join(data, 'started'))).toBe(true);
  frozen.kill('SIGSTOP');
  const place = await places().make(ID, work, never);
  frozen.kill('SIGCONT');
  expect(await errors).toContain('another front has taken the making of this place over');
  expect(existsSync(join(data, 'ended'))).toBe(true);
  expect(read(place.cwd)).toBe('one');
  expect(readdirSync(join(data, 'threads', ID)).sort()).toEqual(['home', 'work']);
});

test('a git that is stopped has ended when its caller learns of it', async () => {
  const bin = join(data, 'bin');
  mkdirSync(bin);
  // It takes a while to end, as git does while it removes what it has made.
  const slow = `#!/bin/bash\ntrap 'sleep 0.3; touch ${data}/ended; exit 1' TERM\ntouch ${data}/started\nsleep 60 & wait\n`;
  writeFileSync(join(bin, 'git'), slow, { mode: 0o755 });
  const path = process.env['PATH'];
  process.env['PATH'] = `${bin}:${path}`;
  try {
    const stop = new AbortController();
    const made = places().make(ID, { type: 'worktree', repository: 'app' }, stop.signal);
    await Promise.all([
      expect(made).rejects.toMatchObject({ name: 'AbortError' }),
      expect
        .poll(() => existsSync(join(data, 'started')))
        .toBe(true)
        .then(() => stop.abort()),
    ]);
    expect(existsSync(join(data, 'ended'))).toBe(true);
  } finally {
    process.env['PATH'] = path;
  }
});

describe('what a user names', () => {
  const ids = ['', '..', '../x', 'a/b', ID.toUpperCase().replace('0', 'A'), `${ID}/..`, `${ID}\n`, '.', `${ID}x`];
  test.each(ids)('is no id of a thread: %j', async (id) => {
    await expect(places().make(id, { type: 'empty' }, never)).rejects.toBeInstanceOf(PlaceError);
    await expect(places().clean(id, { record: true }, never)).rejects.toBeInstanceOf(PlaceError);
  });

  test('is no link that leads out of the threads', async () => {
    mkdirSync(join(data, 'threads'));
    mkdirSync(join(data, 'elsewhere'));
    writeFileSync(join(data, 'elsewhere', 'kept'), '');
    symlinkSync(join(data, 'elsewhere'), join(data, 'threads', ID));
    await expect(places().make(ID, { type: 'empty' }, never)).rejects.toBeInstanceOf(PlaceError);
    await expect(places().clean(ID, { record: true }, never)).rejects.toBeInstanceOf(PlaceError);
    expect(existsSync(join(data, 'elsewhere', 'kept'))).toBe(true);
  });

  const works = [
    { type: 'worktree', repository: '../app' },
    { type: 'worktree', repository: '/etc' },
    { type: 'worktree', repository: '.' },
    { type: 'worktree', repository: 'app', revision: '--upload-pack=x' },
    { type: 'worktree', repository: 'app', revision: 'a..b' },
    { type: 'directory', name: '..' },
    { type: 'directory', name: 'a/../../b' },
    { type: 'elsewhere' },
  ];
  test.each(works)('is no work tree: %j', (work) => {
    expect(WorkTree.safeParse(work).success).toBe(false);
  });

  const urls = [
    'https://git.example.com/other/app',
    'https://git.example.com.evil.org/team/app',
    'https://git.example.com/team/../other/app',
    'https://git.example.com/team/%2e%2e/other/app',
    'https://git.example.com/team/app?x',
    'https://user@git.example.com/team/app',
    'ext::sh -c touch% /tmp/x',
    '--upload-pack=touch /tmp/x',
    '/etc',
    'file:///etc',
  ];
  test.each(urls)('is not cloned: %s', async (url) => {
    const some = new Places({ data, cloneFrom: ['https://git.example.com/team/'] });
    await expect(some.make(ID, { type: 'clone', url }, never)).rejects.toThrow('not one that the fleet clones');
  });

  test('is cloned from nowhere where the operator names no place', async () => {
    const none = new Places({ data, cloneFrom: [] });
    await expect(none.make(ID, { type: 'clone', url: `file://${source}` }, never)).rejects.toBeInstanceOf(PlaceError);
  });

  test('shows no password of a URL in an error', async () => {
    const url = 'file://secret:word@localhost/none';
    const some = new Places({ data, cloneFrom: ['file://secret:word@localhost/'] });
    const error = await some.make(ID, { type: 'clone', url }, never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PlaceError);
    expect(String(error)).not.toContain('word');
  });
});
