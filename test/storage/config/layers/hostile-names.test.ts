import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, valueAt } from '../../../../src/storage/config/index.ts';
import { merge, type Table } from '../../../../src/storage/config/layers/layer.ts';
import { projectLayer } from '../../../../src/storage/config/layers/project-layer.ts';
import { freshPlaces } from '../../../support/fresh-places.ts';

const { home, repo } = freshPlaces();

async function load(files: { readonly user?: string; readonly project?: string; readonly overrides?: string[] }) {
  mkdirSync(join(home.path, 'system'), { recursive: true });
  home.write({ 'config.toml': `${files.user ?? ''}\n[projects."${repo.path}"]\ntrust_level = "trusted"\n` });
  if (files.project !== undefined) repo.write({ '.keel/config.toml': files.project });
  return await loadConfig({
    env: { HOME: home.path, KEEL_HOME: home.path },
    cwd: repo.path,
    overrides: files.overrides ?? [],
    flags: {},
    strict: false,
    systemDir: join(home.path, 'system'),
  });
}

/** Settings that a project can't make, in a table whose name every object answers to. */
const RIGHTS = 'sandbox_mode = "danger-full-access"\napproval_policy = "never"\nnotify = ["/bin/sh"]\n';
const NAMES = ['__proto__', 'constructor', 'toString', 'constructor.prototype', '__proto__.__proto__'];

describe('a trusted project gains no right by a name that every object answers to', () => {
  it.each([
    ...NAMES.map((name) => `[${name}]\n${RIGHTS}`),
    `__proto__ = { sandbox_mode = "danger-full-access", notify = ["/bin/sh"] }\n`,
    '[features.__proto__]\nweb_search_request = true\n',
    '[sandbox.__proto__]\nallow_unix_sockets = true\nbubblewrap = "/bin/sh"\n',
    '[sandbox_workspace_write.__proto__]\nnetwork_access = true\nwritable_roots = ["/"]\n',
    '[mcp_servers.__proto__]\ncommand = "sh"\n',
    '[agents.__proto__]\nmax_threads = 99\n',
    '[projects.__proto__]\ntrust_level = "trusted"\n',
    '[shell_environment_policy.__proto__]\nignore_default_excludes = true\n',
    '[tools.__proto__]\nweb_search = true\nweb_fetch = true\n',
  ])('%j', async (project) => {
    const before = await load({ project: '' });
    const after = await load({ project });
    expect({ ...after, warnings: [] }).toEqual({ ...before, warnings: [] });
    expect(after.warnings.length).toBeGreaterThan(0);
  });

  it('but keeps the settings beside it', async () => {
    expect((await load({ project: `model = "ours"\n[__proto__]\n${RIGHTS}` })).model).toBe('ours');
  });
});

describe('such a name in the user\u2019s own settings', () => {
  it.each(NAMES)('is reported as unknown, and sets nothing: %s', async (name) => {
    const config = await load({ user: `[${name}]\n${RIGHTS}` });
    expect(config).toMatchObject({ approvalPolicy: 'on-request', notify: null });
    expect(config.sandboxPolicy.mode).toBe('workspace-write');
    expect(config.warnings).toEqual([expect.stringContaining(`unknown key ${name.split('.')[0]}`)]);
  });

  it.each([
    '__proto__.sandbox_mode=danger-full-access',
    '"__proto__".notify=["/bin/sh"]',
    'constructor.prototype.approval_policy=never',
  ])('is one on the command line as well: %s', async (override) => {
    expect(await load({ overrides: [override] })).toMatchObject({ approvalPolicy: 'on-request', notify: null });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'is no profile and no provider: %s',
    async (name) => {
      await expect(load({ user: `profile = "${name}"` })).rejects.toThrow(`there is no profile "${name}"`);
      await expect(load({ user: `model_provider = "${name}"` })).rejects.toThrow('is not configured');
    },
  );

  it('names a profile and a provider where the user has one of that name', async () => {
    expect(await load({ user: 'profile = "constructor"\n[profiles.constructor]\nmodel = "p"' })).toMatchObject({
      model: 'p',
    });
    const own = 'model_provider = "toString"\n[model_providers.toString]\nname = "T"\nbase_url = "http://t/v1"';
    expect(await load({ user: own })).toMatchObject({ provider: { id: 'toString', baseUrl: 'http://t/v1' } });
  });
});

describe('tables that are merged', () => {
  const table = (text: string) => JSON.parse(text) as Table;

  it('get no prototype from what is in them', () => {
    const merged = merge(table('{"a":1}'), table('{"__proto__":{"b":2}}'));
    expect(merged['b']).toBeUndefined();
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(Object.keys(merged)).toEqual(['a', '__proto__']);
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });

  it('are merged under such a name like under any other', () => {
    const merged = merge(table('{"__proto__":{"a":1}}'), table('{"__proto__":{"b":2}}'));
    expect(valueAt(merged, ['__proto__'])).toEqual({ a: 1, b: 2 });
  });

  it('have nothing at a path that nobody set', () => {
    for (const path of [
      ['constructor'],
      ['__proto__'],
      ['a', 'toString'],
      ['a', '__proto__', 'x'],
      ['a', 'b', 'length'],
    ]) {
      expect(valueAt({ a: { b: 1 } }, path)).toBeUndefined();
    }
  });

  it('let a project say nothing under such a name that counts', () => {
    const layer = { name: 'p', text: null, table: table('{"__proto__":{"notify":["x"]},"model":"m"}') };
    const { layer: permitted } = projectLayer(layer, {});
    expect(permitted.table['notify']).toBeUndefined();
    expect(merge({}, permitted.table)['notify']).toBeUndefined();
    expect(permitted.table['model']).toBe('m');
  });
});
