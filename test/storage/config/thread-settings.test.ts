import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TurnContextRecord } from '../../../src/foundation/protocol/index.ts';
import { type ConfigFlags, loadConfig, withThreadSettings } from '../../../src/storage/config/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let cwd: TempDir;
beforeEach(() => {
  home = tempDir();
  cwd = tempDir();
});
afterEach(() => {
  home[Symbol.dispose]();
  cwd[Symbol.dispose]();
});

const WORKSPACE = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
} as const;

interface Given {
  readonly overrides?: readonly string[];
  readonly flags?: ConfigFlags;
  readonly context?: Partial<TurnContextRecord>;
  readonly provider?: string;
}

/** What a thread gets that had full access and another model. */
async function settings({ overrides = [], flags = {}, context = {}, provider = 'openai' }: Given = {}) {
  const config = await loadConfig({
    env: { HOME: home.path, KEEL_HOME: home.path },
    cwd: cwd.path,
    overrides,
    flags,
    systemDir: join(home.path, 'system'),
  });
  const recorded: TurnContextRecord = {
    cwd: cwd.path,
    approval_policy: 'never',
    sandbox_policy: { mode: 'danger-full-access' },
    model: 'gpt-5.1',
    effort: 'low',
    ...context,
  };
  const { config: kept, changes } = withThreadSettings(config, { context: recorded, provider });
  const { model, effort, approvalPolicy, sandboxPolicy } = kept;
  return { model, effort, approvalPolicy, mode: sandboxPolicy.mode, sandboxPolicy, changes };
}

test('a thread keeps its model, effort, approval policy and sandbox over what files say', async () => {
  home.write({ 'config.toml': 'model = "x"\nsandbox_mode = "read-only"\napproval_policy = "untrusted"\n' });
  expect(await settings()).toMatchObject({
    ...{ model: 'gpt-5.1', effort: 'low', approvalPolicy: 'never', mode: 'danger-full-access', changes: [] },
  });
});

test.each([
  ['a flag', { flags: { sandboxMode: 'read-only' } }, '', ''],
  ['-c', { overrides: ['sandbox_mode="read-only"'] }, '', ''],
  [
    'a profile that the command line names',
    { flags: { profile: 'p' } },
    '[profiles.p]\nsandbox_mode = "read-only"\n',
    '',
  ],
  ['the administrator', {}, '', 'sandbox_mode = "read-only"\n'],
] as const)('%s wins over the thread, and the change has words', async (_who, given, user, managed) => {
  home.write({ 'config.toml': user, 'system/managed_config.toml': managed });
  const found = await settings(given);
  expect(found).toMatchObject({ mode: 'read-only', model: 'gpt-5.1' });
  expect(found.changes).toEqual(['the sandbox is read-only; the thread had danger-full-access']);
});

test('an administrator who forbids the network forbids it to a thread that had it', async () => {
  home.write({ 'system/managed_config.toml': '[sandbox_workspace_write]\nnetwork_access = false\n' });
  const context: Partial<TurnContextRecord> = {
    sandbox_policy: { ...WORKSPACE, network_access: true },
  };
  expect((await settings({ context })).mode).toBe('read-only');
});

test('a thread of another provider does not keep its model, nor the effort that goes with it', async () => {
  expect(await settings({ provider: 'mine' })).toMatchObject({ model: 'gpt-5-codex', effort: null });
});

test('in another directory a thread has the rights that are configured there', async () => {
  const found = await settings({ context: { cwd: '/elsewhere' } });
  expect(found).toMatchObject({ mode: 'read-only', approvalPolicy: 'on-request', model: 'gpt-5.1' });
  expect(found.changes).toEqual([expect.stringContaining('danger-full-access in /elsewhere; run there')]);
});

test('an approval policy that stood where nobody could answer is not kept', async () => {
  expect((await settings({ context: { can_ask: false } })).approvalPolicy).toBe('on-request');
});

test('a writable directory that is gone is not writable when it comes back', async () => {
  const [there, gone] = [join(home.path, 'there'), join(home.path, 'gone')];
  for (const path of [there, gone]) mkdirSync(path);
  rmSync(gone, { recursive: true });
  const { sandboxPolicy } = await settings({
    context: { sandbox_policy: { ...WORKSPACE, writable_roots: [there, gone] } },
  });
  expect(sandboxPolicy).toEqual({ ...WORKSPACE, writable_roots: [there] });
});
