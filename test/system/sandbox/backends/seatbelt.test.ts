import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SandboxPolicy } from '../../../../src/foundation/protocol/index.ts';
import { realPath } from '../../../../src/foundation/util/index.ts';
import type { ExecPlan } from '../../../../src/system/sandbox/index.ts';
import { plan, type SandboxSetup } from '../../../../src/system/sandbox/plan/plan.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { readOnly, workspaceWrite } from '../support.ts';

let dir: TempDir;
let setup: SandboxSetup;
beforeEach(() => {
  dir = tempDir();
  dir.write({ 'work/.git/config': '', 'home/auth.json': '{}' });
  const limits = { maxProcesses: null, maxFileBytes: null };
  const flags = { allowGitCommit: false, allowUnixSockets: false };
  setup = { home: join(dir.path, 'home'), env: {}, hidden: [], ...flags, ...limits };
});
afterEach(() => dir[Symbol.dispose]());

interface Rules {
  readonly profile: string;
  /** The rules about each path, in order: the last one counts. */
  readonly rules: readonly string[];
  readonly plan: ExecPlan;
}

function planned(policy: SandboxPolicy = workspaceWrite, changes: Partial<SandboxSetup> = {}): Rules {
  const cwd = join(dir.path, 'work');
  const request = { spec: { argv: ['make', '-k'], cwd, env: { A: 'b' } }, policy, cwd };
  const made = plan(request, { ...setup, ...changes }, { type: 'seatbelt' });
  if (made.type === 'unavailable') throw new Error(made.reason);
  const { argv } = made.plan.spawn;
  const profile = argv[2] ?? '';
  const values = new Map(argv.flatMap((word, at) => (argv[at - 1] === '-D' ? [splitOnce(word)] : [])));
  const found = profile.matchAll(/\((allow|deny) ([a-z* -]+) \((subpath|literal) \(param "(\w+)"\)\)\)/g);
  const rules = [...found].map(([, verb, what, match, name = '']) => `${verb} ${what} ${match} ${values.get(name)}`);
  return { profile, rules, plan: made.plan };
}

function splitOnce(word: string): [string, string] {
  return [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];
}

describe('the macOS sandbox', () => {
  test('is started by its absolute path, with the command as it is behind it', () => {
    const { argv, env } = planned().plan.spawn;
    expect(argv.slice(0, 2)).toEqual(['/usr/bin/sandbox-exec', '-p']);
    expect(argv.slice(-3)).toEqual(['--', 'make', '-k']);
    expect(env).toMatchObject({ A: 'b', KEEL_SANDBOX: 'seatbelt', KEEL_SANDBOX_NETWORK_DISABLED: '1' });
  });

  test('denies by default, and its profile is whole', () => {
    const { profile } = planned();
    expect(profile).toMatch(/^\(version 1\)\n\(deny default\)\n/);
    const code = profile.replace(/^;.*$/gm, '').replace(/"[^"]*"/g, '');
    expect(code.split('(').length).toBe(code.split(')').length);
    let depth = 0;
    for (const character of code) {
      depth += character === '(' ? 1 : character === ')' ? -1 : 0;
      expect(depth).toBeGreaterThanOrEqual(0);
    }
  });

  test('has a parameter for each path and uses each one; no path is in the profile itself', () => {
    dir.write({ 'work/odd ")(allow default/x': '' });
    const odd = join(dir.path, 'work/odd ")(allow default');
    const { profile, plan: made } = planned({ ...workspaceWrite, writable_roots: [odd] });
    const defined = made.spawn.argv.flatMap((word, at) =>
      made.spawn.argv[at - 1] === '-D' ? [word.slice(0, word.indexOf('='))] : [],
    );
    const used = [...profile.matchAll(/param "(\w+)"/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(defined));
    expect(profile).not.toContain(dir.path);
    expect(profile).not.toContain('allow default');
  });

  test('T18: opens the roots by where they really lie, and first', () => {
    mkdirSync(join(dir.path, 'real'));
    symlinkSync(join(dir.path, 'real'), join(dir.path, 'alias'));
    const { rules } = planned({ ...workspaceWrite, writable_roots: [join(dir.path, 'alias')] });
    expect(rules).toContain(`allow file-write* subpath ${realPath(join(dir.path, 'real'))}`);
    expect(rules.join('\n')).not.toContain('alias');
  });

  test('T19: closes what is protected in a root again, and pins what leads there', () => {
    const work = realPath(join(dir.path, 'work'));
    for (const name of ['.keel', '.codex', '.agents', '.claude']) mkdirSync(join(work, name));
    const { rules } = planned({ ...workspaceWrite, writable_roots: [dir.path] });
    const at = (rule: string) => rules.indexOf(rule);
    for (const name of ['.git', '.keel', '.codex', '.agents', '.claude']) {
      expect(at(`deny file-write* subpath ${work}/${name}`)).toBeGreaterThan(at(`allow file-write* subpath ${work}`));
    }
    for (const path of [work, realPath(dir.path)])
      expect(at(`deny file-write-unlink literal ${path}`)).toBeGreaterThan(0);
  });

  test('a root that was configured inside something closed is open', () => {
    mkdirSync(join(dir.path, 'work/.git/lfs'));
    const inner = realPath(join(dir.path, 'work/.git/lfs'));
    const { rules } = planned({ ...workspaceWrite, writable_roots: [inner] });
    const closed = rules.indexOf(`deny file-write* subpath ${realPath(join(dir.path, 'work/.git'))}`);
    expect(rules.indexOf(`allow file-write* subpath ${inner}`)).toBeGreaterThan(closed);
  });

  test("keel's credentials are hidden, last of all", () => {
    const { rules } = planned();
    const hidden = `deny file-read* file-write* subpath ${realPath(join(dir.path, 'home/auth.json'))}`;
    expect(rules.findLastIndex((rule) => rule.includes('file-read*'))).toBe(rules.indexOf(hidden));
    expect(rules.slice(rules.indexOf(hidden)).some((rule) => rule.startsWith('allow'))).toBe(false);
  });

  test('read-only mode opens nothing for writing but the null device and terminals', () => {
    const { rules, profile } = planned(readOnly);
    expect(rules.filter((rule) => rule.startsWith('allow'))).toEqual([]);
    expect(profile).toContain('(literal "/dev/null") (vnode-type CHARACTER-DEVICE)');
  });

  test('T30: has its own terminals, and no one else’s', () => {
    const { profile } = planned();
    expect(profile).toContain('(allow pseudo-tty)');
    expect(profile).toContain('(literal "/dev/tty")');
    expect(profile).toContain('(extension "com.apple.sandbox.pty")');
  });

  test('T22: the network is there only with the policy, Unix sockets only with theirs', () => {
    const none = planned().profile;
    const full = planned({ ...workspaceWrite, network_access: true });
    const sockets = planned(workspaceWrite, { allowUnixSockets: true }).profile;
    expect(none).not.toContain('network');
    expect(none).not.toContain('trustd');
    for (const rule of ['network-outbound', 'network-inbound', 'system-socket', 'com.apple.trustd.agent']) {
      expect(full.profile).toContain(rule);
    }
    expect(full.plan.spawn.env).not.toHaveProperty('KEEL_SANDBOX_NETWORK_DISABLED');
    expect(sockets).toContain('(allow network-outbound (remote unix-socket))');
    expect(sockets).not.toContain('(allow network-outbound)');
  });

  test('signals and process information stay within the sandbox', () => {
    const { profile } = planned();
    expect(profile).toContain('(allow signal (target same-sandbox))');
    expect(profile).toContain('(allow process-info* (target same-sandbox))');
  });
});
