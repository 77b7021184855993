import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { issuerServer, tokensOf } from '../../models/auth/issuer-server.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { slowGit } from '../../support/slow-git.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});
const keel = (args: readonly string[], stdin: string | null = null, env: Record<string, string> = {}) =>
  runCommandLine(args, { home: home.path, cwd: repo.path, url: 'http://127.0.0.1:9/v1', stdin, env });

test('help and version, and an unknown command', async () => {
  expect(await keel(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^keel \d+\.\d+\.\d+\n$/) });
  expect((await keel(['help'])).stdout).toContain('keel demo');
  expect((await keel(['exec', '--help'])).stdout).toContain('--output-schema');
  const misspelled = { code: 2, stdout: '', stderr: expect.stringContaining('Did you mean `keel exec`?') };
  expect(await keel(['exce'])).toMatchObject(misspelled);
  expect(await keel(['help', 'exce'])).toMatchObject(misspelled);
  expect((await keel(['nothinglikeit'])).stderr).not.toContain('Did you mean');
});

test('keel config shows each value with its origin', async () => {
  home.write({ 'config.toml': '\nmodel = "x"\n' });
  const { stdout } = await keel(['config', '--json', '-c', 'approval_policy=never']);
  const rows: { key: string; value: unknown; origin: string }[] = JSON.parse(stdout);
  const row = (key: string) => rows.find((candidate) => candidate.key === key);
  expect(row('model')).toEqual({ key: 'model', value: 'x', origin: `${join(home.path, 'config.toml')}:2` });
  expect(row('approval_policy')).toMatchObject({ value: 'never', origin: '-c' });
  expect(row('sandbox_mode')).toMatchObject({ origin: 'default' });
});

test('keel config fits 80 columns; only a value or a path that is longer by itself does not', async () => {
  const long = 'x'.repeat(90);
  home.write({ 'config.toml': `model = "${'m'.repeat(70)}"\nnotify = ["${long}"]\n` });
  const { stdout } = await keel(['config']);
  expect(stdout).toContain(`model = "${'m'.repeat(70)}"\n    # ${join(home.path, 'config.toml')}:1\n`);
  expect(stdout).toContain(`notify =\n    ["${long}"]\n    # `);
  expect(stdout).toMatch(/^sandbox_mode = "read-only" +# default$/m);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([`    ["${long}"]`]);
});

test('keel config shows no secret', async () => {
  home.write({
    'config.toml': `model_provider = "x"
[shell_environment_policy.set]
MY_TOKEN = "a-secret"
[model_providers.x]
name = "X"
base_url = "https://user:a-secret@host.example/v1?api-key=a-secret"
query_params = { key = "a-secret", version = "7" }
http_headers = { X-Any = "a-secret" }
experimental_bearer_token = "a-secret"
[mcp_servers.s]
url = "https://host.example/?token=a-secret"
[mcp_servers.t]
command = "server"
args = ["--token", "a-secret", "postgres://ada:a-secret@db.example/app"]
`,
  });
  const { stdout } = await keel(['config']);
  expect(stdout).not.toContain('a-secret');
  for (const words of [
    ['mcp', 'list'],
    ['mcp', 'list', '--json'],
    ['mcp', 'get', 't'],
  ]) {
    expect((await keel(words)).stdout).not.toContain('a-secret');
  }
  expect(stdout).toContain('https://***@host.example/v1?api-key=***');
  expect(stdout).toMatch(/query_params\.version = "7"/);
});

test('keel doctor names what it found and never prints a key', async () => {
  const run = await keel(['doctor']);
  expect(run.code).toBe(0);
  expect(run.stdout).toContain('OPENAI_API_KEY');
  expect(run.stdout).not.toContain('sk-test-secret');
  home.write({ 'config.toml': 'model = 3\n' });
  expect((await keel(['doctor'])).code).toBe(1);
});

test('keel doctor waits for no git that hangs', async () => {
  using slow = slowGit(['--version']);
  const { code, stdout } = await keel(['doctor'], null, { PATH: `${slow.bin}:${process.env['PATH']}` });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^note {2}git: gave no answer within 5 s/m)]);
  expect(slow.isAlive()).toBe(false);
});

test('config 33: a key is stored for the owner only, shown masked, and removed; nothing piped in changes nothing', async () => {
  const none = { OPENAI_API_KEY: '' };
  expect((await keel(['login', '--with-api-key'], '', none)).code).toBe(1);
  expect((await keel(['login', 'status'], null, none)).code).toBe(1);
  expect((await keel(['login', '--with-api-key'], 'sk-abcdefghijklmnop\n', none)).code).toBe(0);
  const path = join(home.path, 'auth.json');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ OPENAI_API_KEY: 'sk-abcdefghijklmnop' });
  const status = await keel(['login', 'status'], null, none);
  expect(status).toMatchObject({ code: 0, stderr: expect.stringContaining('sk-abcde***lmnop') });
  expect((await keel(['logout'])).code).toBe(0);
  expect((await keel(['logout'])).code).toBe(0);
  home.write({ 'auth.json': '{' });
  expect((await keel(['logout'])).code).toBe(0);
  expect(existsSync(path)).toBe(false);
});

test('a key is stored for one provider, beside the others', async () => {
  const none = { OPENAI_API_KEY: '' };
  await keel(['login', '--with-api-key'], 'sk-abcdefghijklmnop\n', none);
  expect((await keel(['login', '--with-api-key', '--provider', 'groq'], 'gsk-abcdefghijklmnop\n', none)).code).toBe(0);
  const stored = { OPENAI_API_KEY: 'sk-abcdefghijklmnop', keys: { groq: 'gsk-abcdefghijklmnop' } };
  expect(JSON.parse(readFileSync(join(home.path, 'auth.json'), 'utf8'))).toEqual(stored);
  home.write({ 'config.toml': 'model_provider = "groq"' });
  expect((await keel(['login', 'status'], null, none)).stderr).toContain('gsk-abcd***lmnop');
  const unknown = await keel(['login', '--with-api-key', '--provider', 'nobody'], 'sk-abcdefghijklmnop\n', none);
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('"nobody" is not configured') });
  expect((await keel(['login', '--device-code', '--with-api-key'], 'x', none)).code).toBe(2);
}, 90_000);

test('a sign-in with ChatGPT by a code is stored for the owner only, and no token is shown', async () => {
  const answers: Readonly<Record<string, object>> = {
    '/api/accounts/deviceauth/usercode': { device_auth_id: 'd', user_code: 'ABCD-1234', interval: '0.01' },
    '/api/accounts/deviceauth/token': { authorization_code: 'code-secret', code_verifier: 'verifier-secret' },
    '/oauth/token': tokensOf(1),
  };
  const issuer = await issuerServer(({ path }) => [200, answers[path] ?? {}]);
  home.write({ 'config.toml': `chatgpt_issuer = "${issuer.url}"\nchatgpt_client_id = "client-1"` });
  const none = { OPENAI_API_KEY: '', OPENAI_BASE_URL: '' };
  const login = await keel(['login', '--device-code'], null, none);
  const status = await keel(['login', 'status'], null, none);
  const path = join(home.path, 'auth.json');
  expect(login).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/ABCD-1234[\s\S]*signed in as me@example\.org/),
  });
  expect(status).toMatchObject({ code: 0, stderr: expect.stringContaining('me@example.org, plan plus') });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ tokens: { account_id: 'account-1' } });
  expect(JSON.stringify([login, status])).not.toMatch(/secret/);
  expect((await keel(['logout'])).code).toBe(0);
  expect(existsSync(path)).toBe(false);
}, 90_000);

test('keel debug prompt-input prints the request with its bytes, within the budget, and sends nothing', async () => {
  const { stdout, code } = await keel(['debug', 'prompt-input', 'x'.repeat(57), '-m', 'gpt-5']);
  expect(code).toBe(0);
  const whole = Number(/whole request: (\d+) bytes/.exec(stdout)?.[1]);
  expect(whole).toBeGreaterThan(5_000);
  expect(whole).toBeLessThanOrEqual(8_192 + 400);
  const { stdout: body } = await keel(['debug', 'prompt-input', 'hi', '--json']);
  expect(JSON.parse(body)).toMatchObject({ stream: true, store: false });
});

test('keel generate writes schemas and types', async () => {
  expect((await keel(['generate', 'schema', '--out', join(home.path, 'out')])).code).toBe(0);
  expect(JSON.parse(readFileSync(join(home.path, 'out/SessionEvent.json'), 'utf8'))).toBeTypeOf('object');
  const { stdout } = await keel(['generate', 'ts']);
  expect(stdout).toContain('export type Op = ');
  expect(stdout).toContain('type: "interrupt"');
});

test('keel apply-patch reads standard input', async () => {
  const run = await keel(['apply-patch'], '*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch');
  expect(run).toMatchObject({ code: 0, stdout: 'Success. Updated the following files:\nA a.txt\n' });
  expect(readFileSync(join(repo.path, 'a.txt'), 'utf8')).toBe('x\n');
});

test('the demo ends with its tests green and the diff shown', async () => {
  const run = await keel(['demo']);
  expect(run.code).toBe(0);
  expect(run.stdout).toContain('+    total += Number(match[1])');
  expect(run.stdout).toMatch(/pass 4\n.*fail 0/s);
});

test('config 17: keel mcp lists and shows servers, masked unless asked otherwise; an unknown one is an error', async () => {
  expect((await keel(['mcp', 'list'])).stdout).toContain('No MCP server is configured');
  home.write({
    'config.toml': `[mcp_servers.web]
url = "https://example.invalid/mcp"
bearer_token_env_var = "WEB_TOKEN"
[mcp_servers.notes]
command = "notes-server"
args = ["--stdio"]
env = { TOKEN = "sesame" }
startup_timeout_ms = 2500
`,
  });
  const stdio = {
    type: 'stdio',
    command: 'notes-server',
    args: ['--stdio'],
    env: { TOKEN: '*****' },
    env_vars: [],
    cwd: null,
  };
  const notes = { name: 'notes', enabled: true, transport: stdio, startup_timeout_sec: 2.5, tool_timeout_sec: null };
  const web = {
    name: 'web',
    enabled: true,
    transport: {
      type: 'streamable_http',
      url: 'https://example.invalid/mcp',
      bearer_token_env_var: 'WEB_TOKEN',
      http_headers: null,
      env_http_headers: null,
    },
    startup_timeout_sec: null,
    tool_timeout_sec: null,
  };
  expect(JSON.parse((await keel(['mcp', 'list', '--json'])).stdout)).toEqual([
    { ...notes, auth_status: 'unsupported' },
    { ...web, auth_status: 'bearer_token' },
  ]);
  expect(JSON.parse((await keel(['mcp', 'get', 'notes', '--json'])).stdout)).toEqual({
    ...notes,
    enabled_tools: null,
    disabled_tools: null,
  });
  expect((await keel(['mcp', 'get', 'notes', '--json', '--show-secrets'])).stdout).toContain('sesame');
  const text = (await keel(['mcp', 'list'])).stdout;
  expect(text).toMatch(/^notes +notes-server +--stdio +TOKEN=\*{5} +- +enabled +unsupported$/m);
  expect(text).toMatch(/^web +https:\/\/example.invalid\/mcp +WEB_TOKEN +enabled +bearer_token$/m);
  expect((await keel(['mcp', 'get', 'notes'])).stdout).toContain('startup_timeout_sec: 2.5');
  expect((await keel(['mcp', 'get', 'notes', '-c', 'mcp_servers.notes.enabled=false'])).stdout).toBe(
    'notes (disabled)\n',
  );
  expect((await keel(['mcp', 'get', 'x', '--json'])).code).toBe(1);
  expect((await keel(['mcp', 'put'])).code).toBe(2);
});

/** A key as `keel login` stores it. @returns whether it is still there */
function storedKey(): () => boolean {
  const text = JSON.stringify({ OPENAI_API_KEY: 'sk-kept-1234567890' });
  home.write({ 'auth.json': text });
  return () => readFileSync(join(home.path, 'auth.json'), 'utf8') === text;
}

test('help of a command, also by another name and of a mistyped one, does nothing else', async () => {
  const isKept = storedKey();
  const shown = await keel(['help', 'logout'], 'x');
  expect(shown).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Usage: keel logout/) });
  expect(await keel(['help', 'e'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: keel exec/) });
  expect(await keel(['help', 'logot'])).toMatchObject({ code: 2, stdout: '' });
  expect(isKept()).toBe(true);
});

test.each([
  [['exec', '--modle', 'x'], 'there is no option --modle. Did you mean --model?'],
  [['exec', '--cd', '--json', 'hi'], '--cd needs a value, not the option --json'],
  [['exec', '- fix the tests'], 'goes behind --'],
  [['sandbox', 'run', '--jsn', '--', 'ls', '--all'], 'there is no option --jsn. Did you mean --json?'],
])('a wrong option is named, with what was probably meant: %j', async (words, message) => {
  expect(await keel(words)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
});

test.each(['logout', 'apply-patch'])('keel %s --help does nothing', async (name) => {
  const isKept = storedKey();
  const stdin = '*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch';
  const run = await keel([name, '--help'], stdin);
  expect(run).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`Usage: keel ${name}`) });
  expect(isKept()).toBe(true);
  expect(existsSync(join(repo.path, 'a.txt'))).toBe(false);
});

test.each([
  'logout foo',
  'login status foo',
  'login foo --with-api-key',
  'config model foo',
  'debug prompt-input Hi foo',
  'generate ts foo',
  'doctor foo',
  'skills list foo',
  'sandbox check foo',
  'mcp get a foo',
  'help exec foo',
])('an extra word is refused, and nothing is done: keel %s', async (words) => {
  const isKept = storedKey();
  const run = await keel(words.split(' '), 'sk-other-1234567890');
  expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('unexpected word: foo') });
  expect(isKept()).toBe(true);
});

test.each([
  ['exec', '--full-auto', 'hi'],
  ['exec', '--yolo', 'hi'],
  ['--full-auto', 'hi'],
  ['--yolo', 'hi'],
  ['sandbox', 'run', '--full-auto', '--', 'true'],
])('a sandbox mode conflicts with what chooses one too: %s %s', async (...words) => {
  const at = words.findIndex((word) => word.startsWith('--'));
  const run = await keel([...words.slice(0, at), '-s', 'read-only', ...words.slice(at)]);
  expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--sandbox') });
  expect(run.stderr).toContain('exclude each other');
});
