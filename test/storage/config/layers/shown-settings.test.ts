import { describe, expect, it } from 'vitest';
import { convertedServer, shownSetting } from '../../../../src/storage/config/index.ts';
import { maskedLines } from '../../../../src/storage/config/layers/secret-settings.ts';

/** How other agents write the value of a variable. */
const variable = (name: string) => ['$', '{', name, '}'].join('');

describe('a setting for people', () => {
  it.each<[string, unknown, unknown]>([
    ['model', 'gpt-5', 'gpt-5'],
    ['model_context_window', 400_000, 400_000],
    ['features', { undo: true }, { undo: true }],
    ['model_providers.x.experimental_bearer_token', 'sesame', '***'],
    ['model_providers.x.http_headers', { A: 'sesame' }, '***'],
    ['model_providers.x.query_params', { version: '7', token: 'sesame' }, '***'],
    ['model_providers.x.query_params.version', '7', '7'],
    ['model_providers.x.query_params.token', 'sesame', '***'],
    ['model_providers.x.base_url', 'https://ada:sesame@host.example/v1', 'https://***@host.example/v1'],
    ['model_providers.x.env_key', 'MY_KEY', 'MY_KEY'],
    ['mcp_servers.x.env', { A: 'sesame' }, '***'],
    ['mcp_servers.x.args', ['--token', 'sesame', 'x'], ['--token', '***', 'x']],
    ['mcp_servers.x.headers', { A: 'sesame' }, '***'],
    ['shell_environment_policy.set', { LANG: 'C', DB_PASS: 'sesame' }, '***'],
    ['shell_environment_policy.set.LANG', 'C', 'C'],
    ['shell_environment_policy.set.DB_PASS', 'sesame', '***'],
    ['otel', { headers: { a: 'sesame' }, endpoint: 'http://x' }, { headers: '***', endpoint: 'http://x' }],
    ['notify', ['sh', '-c', 'curl -H "X-Api-Key: x"'], ['sh', '-c', 'curl -H "X-Api-Key: x"']],
    ['skills.config', [{ path: '/a', enabled: false }], [{ path: '/a', enabled: false }]],
    ['projects', { '/w': { trust_level: 'trusted' } }, { '/w': { trust_level: 'trusted' } }],
    ['x', null, null],
    ['x', new Date(0), new Date(0)],
    ['x', ['a', 1, { y: 'b' }], ['a', 1, { y: 'b' }]],
  ])('%s = %j is shown as %j', (path, value, shown) => {
    expect(shownSetting(path.split('.'), value)).toEqual(shown);
  });

  it('has no secret at any depth below a name that is one', () => {
    const tree = {
      mcp_servers: { a: { env: { X: { deep: ['sesame'] } }, http_headers: { Y: 'sesame' }, command: 'c' } },
    };
    const shown = JSON.stringify(shownSetting([], tree));
    expect(shown).not.toContain('sesame');
    expect(shown).toContain('"command":"c"');
  });
});

describe('lines of a file for people', () => {
  it.each([
    ['api_key = "sesame"', 'api_key = ***'],
    ['model = "m"', 'model = "m"'],
    ['  token="sesame" # mine', '  token= ***'],
    ['[model_providers.x]', '[model_providers.x]'],
    ['password', 'password'],
    ['a = "https://ada:sesame@h.example"', 'a = "https://***@h.example"'],
    ['1:  secret = """', '1:  secret = ***'],
    ['a = 1\nkey = "sesame"\nb = 2', 'a = 1\nkey = ***\nb = 2'],
  ])('%j', (lines, shown) => {
    expect(maskedLines(lines)).toBe(shown);
  });
});

describe('a server as other agents write it', () => {
  it.each<[string, object, object]>([
    ['a program', { command: 'npx', args: ['x'] }, { command: 'npx', args: ['x'] }],
    ['its type', { type: 'stdio', command: 'npx' }, { command: 'npx' }],
    ['a plain variable', { command: 'x', env: { A: '1' } }, { command: 'x', env: { A: '1' } }],
    ['one of the same name', { command: 'x', env: { A: variable('A') } }, { command: 'x', env_vars: ['A'] }],
    ['a number in it', { command: 'x', env: { A: 1 } }, { command: 'x', env: { A: '1' } }],
    ['a header', { url: 'https://x', headers: { A: '1' } }, { url: 'https://x', http_headers: { A: '1' } }],
    ['a header of a variable', { url: 'u', headers: { A: variable('B') } }, { url: 'u', env_http_headers: { A: 'B' } }],
    [
      'a bearer of a variable',
      { url: 'u', headers: { authorization: `bearer ${variable('B')}` } },
      { url: 'u', bearer_token_env_var: 'B' },
    ],
    [
      'a header of another scheme',
      { url: 'u', headers: { Authorization: 'Basic x' } },
      { url: 'u', http_headers: { Authorization: 'Basic x' } },
    ],
    ['empty tables', { command: 'x', env: {}, headers: {} }, { command: 'x' }],
    ['tables that are none', { command: 'x', env: 'A=1', headers: null }, { command: 'x' }],
    ['what keel may know', { command: 'x', disabled: true }, { command: 'x', disabled: true }],
  ])('has %s', (_, entry, table) => {
    expect(convertedServer(entry)).toEqual({ type: 'server', table });
  });

  it.each<[unknown, RegExp]>([
    ['npx', /not an object/],
    [null, /not an object/],
    [[], /not an object/],
    [{ type: 'sse', url: 'u' }, /its transport is "sse"/],
    [{ type: 'ws', url: 'u' }, /its transport is "ws"/],
    [{ command: 'x', env: { A: variable('B') } }, /"A" names a variable within its value/],
    [{ command: 'x', env: { A: `x${variable('A')}` } }, /"A" names a variable within/],
    [{ url: 'u', headers: { A: `x ${variable('B')}` } }, /"A" names a variable within/],
  ])('is refused: %j', (entry, reason) => {
    expect(convertedServer(entry)).toEqual({ type: 'refused', reason: expect.stringMatching(reason) });
  });
});
