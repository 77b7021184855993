import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, hookFiles, loadConfig } from '../../../src/storage/config/index.ts';
import { acceptedHooks, recordAccepted } from '../../../src/tools/hooks/files/hook-trust.ts';
import { hookNotices, type LoadedHooks, loadHooks } from '../../../src/tools/hooks/files/load-hooks.ts';
import { gitRepository, type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;

beforeEach(() => {
  home = tempDir();
  mkdirSync(join(home.path, 'keel'));
  repo = gitRepository();
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

function write(path: string, content: object | string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const stop = (command: string) => ({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } });

/** The configuration here; `trusted`: the project is. */
function config({ trusted = false, overrides = [] as readonly string[] } = {}): Promise<Config> {
  return loadConfig({
    env: { HOME: home.path, KEEL_HOME: join(home.path, 'keel'), OPENAI_API_KEY: 'x' },
    cwd: repo.path,
    overrides,
    flags: { trusted },
    systemDir: join(home.path, 'etc'),
  });
}

async function load(options: Parameters<typeof config>[0] = {}): Promise<LoadedHooks> {
  const loaded = await config(options);
  return loadHooks(hookFiles(loaded), loaded);
}

const shown = ({ hooks }: LoadedHooks) => hooks.map(({ hook, standing }) => [hook.command, standing.type]);

test('files of the home and of the project are read, in both formats, in a steady order', async () => {
  write(join(home.path, 'keel/hooks.json'), stop('a'));
  write(join(home.path, '.claude/settings.json'), stop('b'));
  write(join(home.path, '.codex/hooks.json'), stop('c'));
  write(join(repo.path, '.keel/hooks.json'), stop('d'));
  write(join(repo.path, '.claude/settings.local.json'), stop('e'));
  const untrusted = await load();
  expect(shown(untrusted)).toEqual([
    ...[
      ['a', 'own'],
      ['b', 'own'],
      ['c', 'own'],
    ],
    ...[
      ['d', 'untrustedProject'],
      ['e', 'untrustedProject'],
    ],
  ]);
  expect(hookNotices(untrusted)).toEqual([expect.stringContaining('2 hooks of this project do not run')]);
  expect(shown(await load({ trusted: true })).slice(3)).toEqual([
    ['d', 'unaccepted'],
    ['e', 'unaccepted'],
  ]);
  expect(shown(await load({ overrides: ['hooks.files=["codex"]'] }))).toEqual([['c', 'own']]);
  expect(shown(await load({ overrides: ['hooks.enabled=false'] }))).toEqual([]);
});

test('the administrator switches hooks off, whatever a run asks for', async () => {
  write(join(home.path, 'keel/hooks.json'), stop('a'));
  write(join(home.path, 'etc/managed_config.toml'), 'hooks.enabled = false\n');
  expect(shown(await load({ overrides: ['hooks.enabled=true'] }))).toEqual([]);
});

test('a project can not set how hooks run', async () => {
  write(join(repo.path, '.keel/config.toml'), 'hooks.sandbox = "danger-full-access"\n');
  const loaded = await config({ trusted: true });
  expect(loaded.hooks.sandbox).toBe('session');
  expect(loaded.warnings.join()).toContain('hooks is ignored');
});

test('a file that others can write, or that a link leads out of the project for, is not used', async () => {
  chmodSync(write(join(home.path, 'keel/hooks.json'), stop('a')), 0o666);
  const outside = write(join(home.path, 'elsewhere.json'), stop('b'));
  mkdirSync(join(repo.path, '.codex'));
  symlinkSync(outside, join(repo.path, '.codex/hooks.json'));
  const loaded = await load({ trusted: true });
  expect(loaded.hooks).toEqual([]);
  expect(loaded.faults).toEqual([
    expect.stringContaining('can be written by everyone'),
    expect.stringContaining('leads out of the project'),
  ]);
});

test('what is accepted is the hook with the files that its command names; a change of either shows what was accepted', async () => {
  const script = write(join(repo.path, 'check.sh'), 'exit 0\n');
  write(join(repo.path, '.codex/hooks.json'), stop('sh "$(git rev-parse --show-toplevel)"/check.sh --all'));
  const ownHome = (await config({ trusted: true })).home;
  const [first] = (await load({ trusted: true })).hooks;
  if (first?.standing.type !== 'unaccepted') throw new Error('the hook waits');
  expect(first.standing.full.text).toContain('exit 0');
  recordAccepted(ownHome, repo.path, [first.standing.full]);
  expect(shown(await load({ trusted: true }))).toEqual([[first.hook.command, 'accepted']]);
  // Without the trust in the project it does not run either.
  expect(shown(await load())).toEqual([[first.hook.command, 'untrustedProject']]);

  write(script, 'exit 1\n');
  const [second] = (await load({ trusted: true })).hooks;
  expect(second?.standing).toMatchObject({ type: 'unaccepted', before: { text: expect.stringContaining('exit 0') } });
  write(script, 'exit 0\n');
  write(join(repo.path, '.codex/hooks.json'), stop('sh ./check.sh'));
  expect((await load({ trusted: true })).hooks[0]?.standing).toMatchObject({ type: 'unaccepted', before: {} });
  recordAccepted(ownHome, repo.path, []);
  expect(acceptedHooks(ownHome, repo.path)).toEqual([]);
});

test('a hook that names a file which can\u2019t be read does not run: nobody has seen what it does', async () => {
  truncateSync(write(join(repo.path, 'check.bin'), ''), 65 * 1024 * 1024);
  write(join(repo.path, '.codex/hooks.json'), stop('./check.bin'));
  const loaded = await load({ trusted: true });
  expect(loaded.hooks).toEqual([]);
  expect(hookNotices(loaded)).toEqual([expect.stringMatching(/does not run: check\.bin can't be read: it is larger/)]);
});

test('a file that an option of a hook names, or a link leads to, is part of what is accepted', async () => {
  const script = write(join(repo.path, 'pre.js'), 'first');
  symlinkSync('pre.js', join(repo.path, 'link.js'));
  for (const command of ['node --require=./pre.js', 'node link.js']) {
    write(script, 'first');
    write(join(repo.path, '.codex/hooks.json'), stop(command));
    const ownHome = (await config({ trusted: true })).home;
    const [hook] = (await load({ trusted: true })).hooks;
    if (hook?.standing.type !== 'unaccepted') throw new Error('the hook waits');
    recordAccepted(ownHome, repo.path, [hook.standing.full]);
    expect(shown(await load({ trusted: true }))).toEqual([[command, 'accepted']]);
    write(script, 'other');
    expect(shown(await load({ trusted: true }))).toEqual([[command, 'unaccepted']]);
  }
});
