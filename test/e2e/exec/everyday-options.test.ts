import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  functionCall,
  httpError,
  type ModelServer,
  message,
  type RecordedRequest,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { jsonLines, keelBin, rolloutsIn } from '../../support/keel.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { startOnTerminal } from '../../support/programs/terminal.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

const ID = '01a20cee-41e3-7d69-b809-3f6bd217b403';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server?.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const serve = async (script: Script) => {
  server = await startModelServer(script);
};
const keel = (...args: string[]) => runCommandLine(args, { home: home.path, cwd: repo.path, url: server.url });
const hello = respond(message('hello'));

test('options of a run shape its request and its thread; other agents’ words for print and continue work', {
  timeout: 60_000,
}, async () => {
  await serve(() => hello);
  writeFileSync(join(repo.path, 'house.md'), 'Answer in verse.\n');
  const run = await keel(
    ...['exec', '--json', '-m', 'gpt-5', '--effort', 'high', '--append-system-prompt', 'house.md'],
    ...['--allowed-tools', 'exec_command,apply_*', '--disallowed-tools', 'exec_command', '--ignore-user-config'],
    ...['--name', 'low water', '--session-id', ID, 'hi'],
  );
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(jsonLines(run.stdout)[0]).toMatchObject({ thread_id: ID });
  const [request] = server.requests;
  expect(request?.body['reasoning']).toMatchObject({ effort: 'high' });
  expect(String(request?.body['instructions'])).toMatch(/\n\nAnswer in verse\.$/);
  expect(request?.tools.map((tool) => tool['name'])).toEqual(['apply_patch']);

  expect((await keel('--print', '--continue', '--json', 'next')).stdout).toContain(ID);
  expect((await keel('exec', '--session-id', ID, 'hi')).stderr).toContain(`there is a thread ${ID} already`);
  expect((await keel('exec', 'resume', 'low water', '--name', 'x', 'hi')).code).toBe(2);
  expect(server.requests).toHaveLength(2);

  expect((await keel('threads', 'purge', '--older', '1h')).stdout).toBe('No threads to delete.\n');
  expect((await keel('threads', 'delete', 'low water')).stdout).toBe(`Deleted ${ID}.\n`);
  expect(rolloutsIn(home.path)).toEqual([]);
  expect(existsSync(join(home.path, 'threads', ID))).toBe(false);
});

test.each([
  [['--effort', 'ultra', '-m', 'gpt-5'], 'no effort "ultra": it takes minimal, low, medium, high'],
  [['--disallowed-tools', 'aply_patch'], 'which is no tool. Did you mean apply_patch?'],
  [['--append-system-prompt', ' '], 'there is no text'],
  [['--max-turns', '0'], 'a whole number from 1'],
  [['--max-cost', '$1'], 'a number above 0'],
])('%j is refused before anything is sent', async (options, message) => {
  await serve([]);
  const { code, stderr } = await keel('exec', ...options, 'hi');
  expect([code === 0, stderr]).toEqual([false, expect.stringContaining(message)]);
  expect(server.requests).toHaveLength(0);
});

test('--output-format json prints one object, also for what fails before the run; usage is of the run alone', async () => {
  await serve(() => respond(message('done'), usage({ input: 100, cached: 40, output: 20 })));
  const price = 'model_prices."gpt-5"={input=1,cached_input=0.5,output=10}';
  const options = ['--output-format', 'json', '-m', 'gpt-5', '-c', price];
  const first = JSON.parse((await keel('exec', ...options, 'hi')).stdout);
  const run = await keel('exec', 'resume', '--last', ...options, 'again');
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(run.stdout)).toEqual({
    ...{ type: 'result', status: 'completed', text: 'done', thread_id: first.thread_id, model: 'gpt-5', responses: 1 },
    usage: { input_tokens: 100, cached_input_tokens: 40, output_tokens: 20, reasoning_output_tokens: 0 },
    cost_usd: (60 + 20 + 200) / 1_000_000,
    duration_ms: expect.any(Number),
  });
  const failed = await keel('exec', '--output-format', 'json', '--image', 'none.png', 'hi');
  expect([failed.code, JSON.parse(failed.stdout)]).toEqual([
    1,
    expect.objectContaining({
      status: 'failed',
      thread_id: null,
      error: { message: expect.stringContaining('none.png') },
    }),
  ]);
});

test('--worktree works beside the repository, and leaves nothing where nothing was changed', {
  timeout: 60_000,
}, async () => {
  const patch = '*** Begin Patch\n*** Add File: new.txt\n+x\n*** End Patch';
  await serve([hello, respond(functionCall('apply_patch', { input: patch }, 'c1')), hello, hello]);
  const options = ['-m', 'gpt-5.1-codex', '-s', 'danger-full-access'];
  const trees = `${repo.path}.worktrees`;
  try {
    const clean = await keel('exec', ...options, '--worktree=look', 'hi');
    expect([clean.code, clean.stderr]).toEqual([0, expect.stringContaining('removed, since nothing was changed')]);
    expect(existsSync(join(trees, 'look'))).toBe(false);
    const branches = () => execFileSync('git', ['branch', '--list', 'keel/*'], { cwd: repo.path, encoding: 'utf8' });
    expect(branches()).toBe('');

    const changed = await keel('exec', ...options, '--worktree=fix', 'hi');
    expect([changed.code, changed.stderr]).toEqual([0, expect.stringContaining('kept with its changes')]);
    expect([existsSync(join(trees, 'fix/new.txt')), existsSync(join(repo.path, 'new.txt'))]).toEqual([true, false]);
    expect(branches()).toContain('keel/fix');
    const again = await keel('exec', ...options, '--worktree=fix', 'hi');
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('as it was')]);
    expect(server.requests.at(-1)?.textsOf('user').join()).toContain(join(trees, 'fix'));
    expect((await keel('exec', '--worktree=../x', 'hi')).code).toBe(2);
  } finally {
    rmSync(trees, { recursive: true, force: true });
  }
});

test('--max-turns ends a run that continues, and a tool that is not allowed does not run', async () => {
  await serve([
    respond(functionCall('shell_command', { command: 'touch made' }, 'c1')),
    respond(functionCall('update_plan', { plan: [{ step: 'A', status: 'pending' }] }, 'c2')),
    hello,
  ]);
  const options = ['--max-turns', '2', '--disallowed-tools', 'exec_command,write_stdin', '-m', 'gpt-5', '--full-auto'];
  const run = await keel('exec', ...options, 'hi');
  expect([run.code, server.requests.length]).toEqual([3, 2]);
  expect(run.stderr).toContain('2 responses of the model');
  expect(existsSync(join(repo.path, 'made'))).toBe(false);
});

test('--max-cost and --max-tokens end a run that uses more, and a price that is not known is an error at the start', async () => {
  const call = (id: string) =>
    respond(
      functionCall('update_plan', { plan: [{ step: id, status: 'pending' }] }, id),
      usage({ input: 1_000, output: 100 }),
    );
  await serve(({ input }) => (input.length > 12 ? hello : call(`c${input.length}`)));
  const price = ['-c', 'model_prices.gpt-5={input=1,output=10}', '-m', 'gpt-5'];
  const money = await keel('exec', ...price, '--max-cost', '0.005', 'hi');
  expect([money.code, server.requests.length]).toEqual([3, 4]);
  expect(money.stderr).toContain('The budget of $0.005 for this request is used up');
  expect(money.stderr).toMatch(/\ncost\n\$0\.00\d\d\n/);
  const tokens = await keel('exec', ...price, '--max-tokens', '1500', '--max-minutes', '5', 'hi');
  expect([tokens.code, server.requests.length]).toEqual([3, 7]);
  const unknown = await keel('exec', '-m', 'gpt-5', '--max-cost', '1', 'hi');
  expect([unknown.code, server.requests.length]).toEqual([1, 7]);
  expect(unknown.stderr).toContain('the price of gpt-5 at OpenAI is not known');
});

test('--max-cost covers helpers: what one of them spends ends it and the run, though the run itself spent little', async () => {
  const isHelper = (request: RecordedRequest) => request.textsOf('user').some((text) => text.startsWith('<agent_role'));
  const plan = (id: string) => functionCall('update_plan', { plan: [{ step: id, status: 'pending' }] }, id);
  await serve((request) => {
    const { length } = request.input;
    // 0.002 dollars each.
    if (isHelper(request)) return respond(plan(`h${length}`), usage({ input: 1_000, output: 100 }));
    const answered = request.input.filter(({ type }) => type === 'function_call_output').length;
    const cheap = usage({ input: 10, output: 1 });
    if (answered === 0) return respond(functionCall('spawn_agent', { message: 'plan for ever' }, 'c1'), cheap);
    if (answered === 1) return respond(functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'c2'), cheap);
    return respond(message('enough'), cheap);
  });
  const options = ['-c', 'model_prices.gpt-5={input=1,output=10}', '-c', 'features.multi_agent=true', '-m', 'gpt-5'];
  const run = await keel('exec', ...options, '--max-cost', '0.007', 'hi');
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('The budget of $0.007 for this request is used up');
  const helpers = server.requests.filter(isHelper).length;
  // Four use it up; a response that was on its way, and a last answer without calls, may follow.
  expect(helpers).toBeGreaterThanOrEqual(4);
  expect(helpers).toBeLessThanOrEqual(6);
  expect(server.requests.length - helpers).toBeLessThanOrEqual(4);
});

test('--wait-for-quota waits for the reset of a usage limit, which otherwise ends the run and says when to come back', async () => {
  let resetsAt = 0;
  const limit = () => {
    resetsAt = Math.ceil((Date.now() + 50) / 1_000);
    return httpError(429, { error: { type: 'usage_limit_reached', plan_type: 'plus', resets_at: resetsAt } });
  };
  await serve((_, index) => (index === 1 ? hello : limit()));
  const waited = await keel('exec', '--json', '--wait-for-quota', 'hi');
  expect(waited).toMatchObject({ code: 0, stderr: '' });
  expect(Date.now()).toBeGreaterThanOrEqual(resetsAt * 1_000);
  expect(jsonLines(waited.stdout).filter(({ type }) => type === 'error')).toMatchObject([
    { message: expect.stringMatching(/^Waiting until the limit resets, then continuing/) },
  ]);
  expect(server.requests[1]?.text).toBe(server.requests[0]?.text);

  const ended = await keel('exec', 'hi');
  expect([ended.code, server.requests.length]).toEqual([1, 3]);
  expect(ended.stderr).toContain('Try again');
});

test.each([
  ['openai', 'gpt-5', { type: 'web_search' }],
  ['anthropic', 'claude-opus-5', { type: 'web_search_20250305', name: 'web_search' }],
])(
  '--search offers the web search of the provider itself, and without it none is offered: %s',
  async (provider, model, tool) => {
    await serve(() => hello);
    const env = { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: 'sk-ant-test' };
    const place = { home: home.path, cwd: repo.path, url: server.url, env };
    const options = ['-c', `model_provider=${provider}`, '-m', model];
    for (const more of [['--search'], []])
      expect(await runCommandLine(['exec', ...options, ...more, 'hi'], place)).toMatchObject({ code: 0 });
    const [asked, plain] = server.requests.map(({ tools }) => tools);
    expect(asked).toContainEqual(expect.objectContaining(tool));
    expect(JSON.stringify(plain)).not.toContain('web_search');
  },
);

test('keel undo restores the files of the newest turns, and says when there is nothing more', {
  timeout: 60_000,
}, async () => {
  const patch = (name: string) => `*** Begin Patch\n*** Add File: ${name}\n+x\n*** End Patch`;
  let calls = 0;
  await serve((request) => {
    const isNew = request.input.at(-1)?.['type'] === 'message';
    if (!isNew) return hello;
    calls += 1;
    return respond(functionCall('apply_patch', { input: patch(`${calls}.txt`) }, `c${calls}`));
  });
  const options = ['-m', 'gpt-5.1-codex', '-s', 'danger-full-access'];
  expect((await keel('exec', ...options, 'one')).code).toBe(0);
  expect((await keel('exec', 'resume', '--last', ...options, 'two')).code).toBe(0);
  const there = () => ['1.txt', '2.txt'].filter((name) => existsSync(join(repo.path, name)));
  expect(there()).toEqual(['1.txt', '2.txt']);
  expect(await keel('undo')).toMatchObject({ code: 0, stdout: expect.stringContaining('back at the snapshot') });
  expect(there()).toEqual(['1.txt']);
  const rest = await keel('undo', '--turns', '2');
  expect([rest.code, rest.stdout]).toEqual([1, expect.stringMatching(/back at the snapshot[\s\S]*nothing to undo/)]);
  expect(there()).toEqual([]);
});

test('on a terminal keel login asks for the key and does not show it', async () => {
  const key = 'sk-typed-0123456789';
  const terminal = startOnTerminal(process.execPath, [keelBin, 'login'], {
    cols: 80,
    env: { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path },
  });
  let shown = '';
  const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  terminal.onData((text) => {
    const wasAsked = shown.includes('not shown');
    shown += text;
    if (!wasAsked && shown.includes('not shown')) terminal.write(`sk-wrong\u0015${key}x\u007f\r`);
  });
  expect(await ended).toBe(0);
  expect(shown).not.toContain('sk-');
  expect(JSON.parse(readFileSync(join(home.path, 'auth.json'), 'utf8'))).toEqual({ OPENAI_API_KEY: key });
});

test('a terminal that answers late finds keel there, also where keel ends at once: nothing is typed into the shell', async () => {
  await serve([]);
  const env = { PATH: process.env['PATH'] ?? '', HOME: home.path, KEEL_HOME: home.path, TERM: 'xterm-256color' };
  const script = `'${process.execPath}' '${keelBin}' -p 'fix it'; sleep 0.5; echo END`;
  const terminal = startOnTerminal('bash', ['--norc', '-c', script], { cols: 80, rows: 24, cwd: repo.path, env });
  let shown = '';
  const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  terminal.onData((text) => {
    if (!shown.includes('\u001b[c') && (shown + text).includes('\u001b[c'))
      setTimeout(() => terminal.write('\u001b[?1;2c'), 100);
    shown += text;
  });
  await ended;
  expect(shown).toContain('there is no profile "fix it"');
  expect(shown.slice(shown.indexOf('there is no profile'))).not.toContain('1;2c');
}, 60_000);

test('completion in bash knows commands, verbs, options and values; the manual page has every command', async () => {
  await serve([]);
  const { stdout: script } = await keel('completion', 'bash');
  const complete = (...words: string[]) => {
    const asked = words.map((word) => `'${word}'`).join(' ');
    const code = `${script}\nCOMP_WORDS=(${asked}); COMP_CWORD=${words.length - 1}; _keel; echo "\${COMPREPLY[*]}"`;
    return execFileSync('bash', ['-c', code], { encoding: 'utf8' }).trim();
  };
  expect(complete('keel', 'exe')).toBe('exec execpolicy');
  expect(complete('keel', 'threads', 'un')).toBe('unarchive');
  expect(complete('keel', 'exec', '--output-s')).toBe('--output-schema');
  expect(complete('keel', 'exec', '-s', 'work')).toBe('workspace-write');
  expect(complete('keel', 'exec', '--', '--out')).toBe('');
  const { stdout: page } = await keel('man');
  for (const name of ['exec', 'threads', 'apply\\-patch']) expect(page).toContain(`.SS keel ${name}\n`);
  expect(
    page
      .split('\n')
      .filter((line) => line.startsWith('.'))
      .every((line) => /^\.(TH|SH|SS|PP|TP|B|I|br)\b/.test(line)),
  ).toBe(true);
});
