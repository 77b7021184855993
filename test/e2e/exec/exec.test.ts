import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  customCall,
  cut,
  failed,
  functionCall,
  httpError,
  imageGenerationCall,
  type ModelServer,
  message,
  reasoning,
  respond,
  type Script,
  startModelServer,
  usage,
  webSearchCall,
} from '../../../src/testing/index.ts';
import { type JsonLine, jsonLines, type KeelRun, keelBin, rolloutsIn, startKeel } from '../../support/keel.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

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

async function exec(
  script: Script,
  args: readonly string[],
  more: { stdin?: string; cwd?: string } = {},
): Promise<KeelRun> {
  server = await startModelServer(script);
  return again(args, more);
}

function again(args: readonly string[], more: { stdin?: string; cwd?: string } = {}): Promise<KeelRun> {
  return runCommandLine(['exec', ...args], {
    home: home.path,
    cwd: more.cwd ?? repo.path,
    url: server.url,
    stdin: more.stdin ?? null,
  });
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(1024 * 1024, 'y');
}

const hello = respond(message('hello there'), usage({ input: 100, cached: 40, output: 20 }));

describe('what a run prints as JSON lines', () => {
  test('protocol 6: a one-message turn is exactly four lines, and stderr is empty', async () => {
    const run = await exec([hello], ['--json', 'hi']);
    const [first, ...rest] = jsonLines(run.stdout);
    expect(first).toEqual({ type: 'thread.started', thread_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(rest).toEqual([
      { type: 'turn.started' },
      { type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text: 'hello there' } },
      { type: 'turn.completed', usage: { input_tokens: 100, cached_input_tokens: 40, output_tokens: 20 } },
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  test('protocol 7, 8, 9: commands, plans, searches and patches have their known lines', async () => {
    const plan = (done: boolean) => ({ plan: [{ step: 'A', status: done ? 'completed' : 'in_progress' }] });
    const patch = '*** Begin Patch\n*** Add File: n.txt\n+new\n*** End Patch';
    const run = await exec(
      [
        respond(
          reasoning(['**Thinking**']),
          functionCall('shell', { command: ['bash', '-lc', 'echo hi; echo err >&2'] }),
        ),
        respond(functionCall('shell', { command: ['bash', '-c', 'exit 3'] })),
        respond(
          functionCall('update_plan', plan(false)),
          webSearchCall('weather'),
          imageGenerationCall('iVBORw0KGgo=', 'rain'),
        ),
        respond(functionCall('update_plan', plan(true)), customCall('apply_patch', patch)),
        respond(message('all done'), usage({ input: 10, output: 2 })),
      ],
      ['--json', '-s', 'workspace-write', 'go'],
    );
    const lines = jsonLines(run.stdout);
    const items: JsonLine[] = lines.flatMap((line) => (line.item ? [{ ...line.item, event: line.type }] : []));
    expect(items.filter((item) => item['id'] === 'item_1')).toMatchObject([
      { event: 'item.started', command: "bash -lc 'echo hi; echo err >&2'", aggregated_output: '', exit_code: null },
      { event: 'item.completed', exit_code: 0, status: 'completed' },
    ]);
    expect(items.find((item) => item['exit_code'] === 3)).toMatchObject({ status: 'failed' });
    const plans = items.filter((item) => item.type === 'todo_list');
    // The search and the picture of the same response may be printed before the plan or after it.
    const id = plans[0]?.['id'];
    expect(['item_3', 'item_4', 'item_5']).toContain(id);
    expect(plans.map((item) => ({ event: item['event'], id: item['id'], steps: item['items'] }))).toEqual([
      { event: 'item.started', id, steps: [{ text: 'A', completed: false }] },
      { event: 'item.updated', id, steps: [{ text: 'A', completed: true }] },
      { event: 'item.completed', id, steps: [{ text: 'A', completed: true }] },
    ]);
    expect(items.find((item) => item.type === 'web_search')).toMatchObject({ query: 'weather' });
    expect(items.find((item) => item.type === 'image_generation')).toMatchObject({
      ...{ prompt: 'rain', image_url: 'data:image/png;base64,iVBORw0KGgo=' },
    });
    expect(items.find((item) => item.type === 'file_change')).toMatchObject({
      status: 'completed',
      changes: [{ path: join(repo.path, 'n.txt'), kind: 'add' }],
    });
    expect(lines.at(-2)?.item?.type).toBe('todo_list');
    expect(lines.at(-1)?.type).toBe('turn.completed');
    expect(run.code).toBe(0);
  });

  test('protocol 10, 3: a full context window is one request, one error, no reconnect', async () => {
    const run = await exec(
      [respond(failed({ code: 'context_length_exceeded', message: 'too long' }))],
      ['--json', 'hi'],
    );
    const lines = jsonLines(run.stdout).slice(2);
    expect(lines.map((line) => line.type)).toEqual(['error', 'turn.failed']);
    expect(lines[1]).toMatchObject({ error: { message: lines[0]?.['message'] } });
    expect(server.requests).toHaveLength(1);
    expect(run.code).toBe(1);
  });

  test('protocol 11: a dropped stream is reported once, retried, and nothing is printed twice', async () => {
    const run = await exec([respond(message('first'), cut()), respond(message('second'), usage({}))], ['--json', 'hi']);
    const lines = jsonLines(run.stdout);
    expect(lines.filter((line) => line.type === 'error')).toMatchObject([
      { message: expect.stringMatching(/^Reconnecting... 1\/5/) },
    ]);
    expect(lines.flatMap((line) => line.item?.['text'] ?? [])).toEqual(['first', 'second']);
    expect(run.code).toBe(0);
  });

  test('a bad request is not tried again, and the server’s words reach the user', async () => {
    const run = await exec([httpError(400, { error: { message: 'no such tool' } })], ['--json', 'hi']);
    expect(jsonLines(run.stdout).at(-1)).toMatchObject({
      type: 'turn.failed',
      error: { message: expect.stringContaining('no such tool') },
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('what a run prints for a person', () => {
  test('protocol 13: stdout is the final message and a newline, all else is on stderr', async () => {
    const run = await exec(
      [respond(message('on the way'), functionCall('shell', { command: ['echo', 'x'] })), hello],
      ['hi'],
    );
    expect(run.stdout).toBe('hello there\n');
    expect(run.stderr).toContain('on the way');
    expect(run.stderr).not.toContain('hello there');
    expect(run.stderr).toMatch(/^echo x\n succeeded in \d+ms:\nx\n/m);
    expect(run.stderr).toContain('tokens used\n');
  });

  test('what models and commands say does not steer the terminal; what a program reads is left as it is', async () => {
    const script = [
      respond(
        message('on\u001b]0;title\u0007 the way'),
        functionCall('shell', { command: ['printf', 'a\\033[2J\\007b'] }),
      ),
      respond(message('the\u001b]52;c;aGk=\u0007 end')),
    ];
    const run = await exec(script, ['--color', 'always', 'hi']);
    expect(run.stderr).toContain('on the way');
    expect(run.stderr).toMatch(/\n\u001b\[2mab\n/);
    expect(run.stderr.replaceAll(/\u001b\[\d+m/g, '')).not.toContain('\u001b');
    expect(run.stdout).toBe('the\u001b]52;c;aGk=\u0007 end\n');
  });

  test('protocol 12: -o writes the last message, an empty file and a warning if there is none', async () => {
    const out = join(home.path, 'last.txt');
    const first = await exec(
      [hello, respond(functionCall('shell', { command: ['true'] })), respond(), respond(), respond()],
      ['-o', out, 'hi'],
    );
    expect([first.code, readFileSync(out, 'utf8')]).toEqual([0, 'hello there']);
    const second = await again(['-o', out, 'hi']);
    expect([second.code, readFileSync(out, 'utf8')]).toEqual([1, '']);
    expect(second.stderr).toContain('Warning: there is no last message');
  });

  test('an -o file that can no longer be written is an error, not a silent success, and the message is not lost with it', async () => {
    const out = join(repo.path, 'gone', 'answer.md');
    mkdirSync(join(repo.path, 'gone'));
    const remove = functionCall('shell', { command: ['rm', '-r', join(repo.path, 'gone')] });
    const args = ['-s', 'workspace-write', '-o', out, 'go'];
    const run = await exec([respond(remove), hello, respond(remove), hello], args);
    expect(run).toMatchObject({ code: 1, stdout: 'hello there\n' });
    expect(run.stderr).toContain('could not be written');

    mkdirSync(join(repo.path, 'gone'));
    const json = await again(['--json', ...args]);
    expect(json.code).toBe(1);
    expect(jsonLines(json.stdout).at(-1)).toMatchObject({
      type: 'turn.failed',
      error: { message: expect.stringContaining('could not be written') },
    });
    expect(json.stdout).not.toContain('turn.completed');
  });
});

describe('what is wrong before the first request ends the run, sends nothing, and is a JSON line too', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['a picture that is not there', ['-i', 'nope.png', 'x'], /--image .*nope\.png: there is no such file/],
    ['a folder as picture', ['-i', '.git', 'x'], /--image .*\.git: it is not a file/],
    ['a picture below a file', ['-i', 'file/x.png', 'x'], /there is no such file/],
    ['an -o file in a folder that is not there', ['-o', 'no/such/dir/x', 'x'], /no\/such\/dir does not exist/],
    ['an -o file below a file', ['-o', 'file/x', 'x'], /does not exist|is not a directory/],
    ['an -o file that is a folder', ['-o', '.git', 'x'], /it is a directory/],
    ['a schema that is not there', ['--output-schema', 'nope.json', 'x'], /output schema .* can't be read/],
    ['a schema that is no JSON', ['--output-schema', 'file', 'x'], /output schema .* is not JSON/],
    ['a schema that is a list', ['--output-schema', 'list.json', 'x'], /is not a JSON Schema/],
    ['a folder to add that is not there', ['-s', 'workspace-write', '--add-dir', 'nope', 'x'], /--add-dir: .*nope/],
    [
      'a writable root that is not there',
      ['-s', 'workspace-write', '-c', 'sandbox_workspace_write.writable_roots=["/nope/root"]', 'x'],
      /writable_roots.*\/nope\/root/,
    ],
    ['a working directory that is not there', ['-C', 'nope', 'x'], /working directory .*nope does not exist/],
    ['a working directory that is a file', ['-C', 'file', 'x'], /working directory .*file is not a directory/],
    ['a working directory with too long a name', ['-C', 'x'.repeat(5_000), 'x'], /working directory .* does not exist/],
    ['an empty prompt', [''], /the prompt is empty/],
    ['an empty review', ['review', ''], /instructions of the review are empty/],
    ['an unknown provider', ['-c', 'model_provider="nope"', 'x'], /model_provider "nope" is not configured/],
    ['an unknown thread', ['resume', 'nope', 'x'], /there is no thread with the id or name nope/],
  ])('%s', async (_, args, expected) => {
    repo.write({ file: 'text', 'list.json': '[]' });
    const run = await exec([hello], [...args, '--json']);
    expect(server.requests).toHaveLength(0);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(expected) });
    expect(jsonLines(run.stdout)).toEqual([
      { type: 'turn.failed', error: { message: expect.stringMatching(expected) } },
    ]);
  });

  test('resume --last names the newest thread of another folder, and --all', async () => {
    await exec([hello], ['hi']);
    const elsewhere = gitRepository();
    const run = await again(['resume', '--last', 'x'], { cwd: elsewhere.path });
    elsewhere[Symbol.dispose]();
    expect(run.stderr).toMatch(/no thread was started in .*the newest one elsewhere is [0-9a-f-]{36} in .*--all/);
  });

  test('a working directory that was deleted is refused, not replaced by another one', async () => {
    server = await startModelServer([hello]);
    const script = `mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" exec --skip-git-repo-check hi`;
    const run = await inShell(script);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining("can't be used: it was deleted") });
    expect(server.requests).toHaveLength(0);
  });
});

/** Runs a script of bash, with Node and keel's launcher as its first arguments. */
async function inShell(script: string): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const { PATH } = process.env;
  const env = { PATH, HOME: home.path, KEEL_HOME: home.path, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'k' };
  const child = spawn('bash', ['-c', script, process.execPath, keelBin], {
    cwd: repo.path,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

describe('where the prompt comes from', () => {
  test('protocol 14: no prompt and nothing on stdin is exit 1 with empty stdout', async () => {
    expect(await exec([], [], { stdin: ' \n' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no prompt'),
    });
  });

  test.each([[['']], [[' \n']], [['resume', '--last', '']]])('an empty prompt is refused: %j', async (args) => {
    const run = await exec([], args);
    expect(run).toMatchObject({ code: 1, stdout: '', stderr: 'keel: the prompt is empty\n' });
  });

  test('stdin is the prompt when there is none, and with - without a notice', async () => {
    await exec([hello, hello], [], { stdin: 'from stdin' });
    const dashed = await again(['-'], { stdin: 'dashed' });
    expect(server.requests.map((request) => request.lastUserText)).toEqual(['from stdin', 'dashed']);
    expect(dashed.stderr).not.toContain('Reading');
  });

  test('piped input is appended to a prompt', async () => {
    await exec([hello], ['look at this'], { stdin: 'a log\n' });
    expect(server.requests[0]?.lastUserText).toBe('look at this\n\n<stdin>\na log\n</stdin>');
  });

  test('a pipe that stays open and silent does not hold up a run', async () => {
    server = await startModelServer([hello]);
    const live = startKeel(['exec', 'hi'], { home: home.path, cwd: repo.path, url: server.url });
    const run = await live.ended;
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('silent');
  });

  const waited = '(until grep -qs Waiting err; do sleep 0.05; done; ';
  test.each([
    ['the first byte comes late', `${waited} echo late line)`, 'late line'],
    ['the rest comes late', '(echo head; sleep 0.5; echo late line)', 'head\nlate line'],
    ['it ends late and says nothing', `${waited} exit 1)`, ''],
  ])('a pipeline is waited for until it ends: %s', async (_, producer, piped) => {
    server = await startModelServer([hello]);
    const { code } = await inShell(`${producer} | "$0" "$1" exec hi 2> err`);
    expect(code).toBe(0);
    expect(server.requests[0]?.lastUserText).toBe(piped === '' ? 'hi' : `hi\n\n<stdin>\n${piped}\n</stdin>`);
  });

  test('a pipe that the shell itself keeps open is not waited for', async () => {
    server = await startModelServer([hello]);
    const { code, stderr } = await inShell('mkfifo p; exec 9<> p; "$0" "$1" exec hi < p');
    expect(code).toBe(0);
    expect(stderr).toContain('continuing without it');
  });

  test.each([[['-']], [['hi']]])('input without end is refused before it fills the memory: %j', async (args) => {
    server = await startModelServer([]);
    const live = startKeel(['exec', ...args], { home: home.path, cwd: repo.path, url: server.url });
    Readable.from(endless()).pipe(live.child.stdin);
    expect(await live.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('longer than 64 MiB') });
  });

  test('input that is not UTF-8 is refused with the place', async () => {
    server = await startModelServer([]);
    const live = startKeel(['exec', '-'], { home: home.path, cwd: repo.path, url: server.url });
    live.child.stdin.end(Buffer.from([0x61, 0x62, 0xff, 0x63]));
    expect(await live.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('first bad byte at 2') });
  });
});

describe('what is checked before anything is sent', () => {
  test.each([
    ['a schema that is missing', ['--output-schema', 'none.json', 'hi'], 1, 'none.json'],
    ['-c without =', ['-c', 'model', 'hi'], 1, 'key=value'],
    ['an unknown provider', ['-c', 'model_provider=nope', 'hi'], 1, 'nope'],
    ['a missing working directory', ['-C', 'nowhere', 'hi'], 1, 'does not exist'],
    ['an unknown flag', ['--frobnicate', 'hi'], 2, '--frobnicate'],
    ['a wrong sandbox mode', ['-s', 'none', 'hi'], 2, 'none'],
    ['conflicting flags', ['--full-auto', '--yolo', 'hi'], 2, 'full-auto'],
  ])('protocol 15, 16: %s', async (_what, args, code, words) => {
    const run = await exec([], args);
    expect(run).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(words) });
    expect(run.stderr).not.toMatch(/^\s+at /m);
    expect(server.requests).toHaveLength(0);
  });

  test('a folder outside Git is refused unless the check is skipped', async () => {
    const refused = await exec([hello], ['hi'], { cwd: home.path });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(await again(['--skip-git-repo-check', 'hi'], { cwd: home.path })).toMatchObject({ code: 0 });
  });

  test('a valid output schema is in the request', async () => {
    home.write({
      // With the mark that some editors put at the beginning.
      'schema.json': `\uFEFF${JSON.stringify({ type: 'object', properties: {}, required: [], additionalProperties: false })}`,
    });
    await exec([hello], ['--output-schema', join(home.path, 'schema.json'), 'hi']);
    expect(server.requests[0]?.body['text']).toMatchObject({ format: { type: 'json_schema', strict: true } });
  });

  test('without a key a run names what to set, sends nothing and leaves no thread for --last', async () => {
    const first = await exec([hello, hello], ['one']);
    const places = { home: home.path, cwd: repo.path, url: server.url, env: { OPENAI_API_KEY: '' } };
    const run = await runCommandLine(['exec', '--json', 'two'], places);
    expect(run.code).toBe(1);
    expect(jsonLines(run.stdout)).toMatchObject([
      { type: 'turn.failed', error: { message: expect.stringContaining('OPENAI_API_KEY') } },
    ]);
    expect(server.requests).toHaveLength(1);
    await again(['resume', '--last', 'three']);
    expect(first.code).toBe(0);
    expect(server.requests.at(-1)?.lastUserText).toBe('three');
    expect(JSON.stringify(server.requests.at(-1)?.body)).toContain('one');
    expect(rolloutsIn(home.path)).toHaveLength(1);
  });
});

describe('resume', () => {
  const idOf = (run: KeelRun) => String(jsonLines(run.stdout)[0]?.['thread_id']);

  test('protocol 17: the same thread continues in the same file, and the request extends the last one', async () => {
    const first = await exec([hello, hello], ['--json', 'one']);
    const second = await again(['--json', 'resume', idOf(first), 'two']);
    expect(idOf(second)).toBe(idOf(first));
    expect(rolloutsIn(home.path)).toHaveLength(1);
    const [before, after] = server.requests;
    if (before) after?.assertExtends(before);
    expect(after?.textsOf('user').slice(-2)).toEqual(['one', 'two']);
    expect(after?.textsOf('assistant')).toEqual(['hello there']);
    expect(after?.body['prompt_cache_key']).toBe(before?.body['prompt_cache_key']);
  });

  test('--last takes the newest thread, with the prompt behind it', async () => {
    const first = await exec([hello, hello], ['--json', 'one']);
    expect(idOf(await again(['--json', 'resume', '--last', 'two']))).toBe(idOf(first));
  });

  test('protocol 18: an unknown or malformed id is an error and starts nothing', async () => {
    await exec([hello], ['--json', 'one']);
    for (const id of ['01a20cee-41e3-7d69-b809-3f6bd217b403', 'my-thread']) {
      expect(await again(['resume', id, 'two'])).toMatchObject({ code: 1, stdout: '' });
    }
    expect(rolloutsIn(home.path)).toHaveLength(1);
  });

  test('protocol 19: an image before or behind resume belongs to the turn, and the id stays the id', async () => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    home.write({ 'a.png': '' });
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(home.path, 'a.png'), png);
    const first = await exec([hello, hello, hello], ['--json', 'one']);
    const image = join(home.path, 'a.png');
    for (const args of [
      ['--image', image, 'resume', idOf(first)],
      ['resume', idOf(first), '--image', image],
    ]) {
      expect(idOf(await again(['--json', ...args], { stdin: 'look' }))).toBe(idOf(first));
      const content = server.requests.at(-1)?.input.at(-1)?.['content'];
      expect(content).toMatchObject([{ type: 'input_image' }, { type: 'input_text', text: 'look' }]);
    }
  });

  test('--ephemeral leaves no record', async () => {
    await exec([hello], ['--ephemeral', 'hi']);
    expect(existsSync(join(home.path, 'sessions'))).toBe(false);
  });
});

test('nothing that is printed or recorded holds the key', async () => {
  const run = await exec(
    [
      respond(functionCall('shell', { command: ['bash', '-c', 'env'] })),
      httpError(401, { error: { message: 'bad key sk-test-secret-1234567890' } }),
    ],
    ['--json', 'hi'],
  );
  const recorded = rolloutsIn(home.path).map((path) => readFileSync(path, 'utf8'));
  for (const text of [run.stdout, run.stderr, ...recorded]) expect(text).not.toContain('sk-test-secret-1234567890');
  expect(run.code).toBe(1);
});

test('a turn that its budget ended fails: exit code 3, the reason in the output, and still the last answer', async () => {
  const runs = respond(functionCall('shell', { command: ['bash', '-c', 'true'] }, 'c1'), usage({ input: 600 }));
  const run = await exec(
    [runs, respond(message('half done'))],
    ['--json', '-c', 'budget.tokens=500', '-o', join(repo.path, 'last.txt'), 'go'],
  );
  expect(run.code).toBe(3);
  const lines = jsonLines(run.stdout);
  const said = expect.stringContaining('budget of 500 tokens');
  expect(lines.slice(-3)).toEqual([
    { type: 'item.completed', item: { id: expect.any(String), type: 'error', message: said } },
    { type: 'error', message: said },
    { type: 'turn.failed', error: { message: said } },
  ]);
  expect(readFileSync(join(repo.path, 'last.txt'), 'utf8')).toBe('half done');
});

describe('a change that is refused', () => {
  const patch = (name: string) => `*** Begin Patch\n*** Add File: ${name}\n+new\n*** End Patch`;

  test('is an item with its reason, and the end of the turn says what to do', async () => {
    const script = [respond(customCall('apply_patch', patch('n.txt'))), respond(message('done'), usage({}))];
    const people = await exec([...script, ...script], ['go']);
    expect(people.stderr).toContain('file update (declined)');
    expect(people.stderr).toContain(
      '\nNothing was changed: the sandbox is read-only; run again with --full-auto, or trust this folder.\n',
    );
    const items = jsonLines((await again(['--json', 'go'])).stdout).map((line) => line.item);
    expect(items.find((item) => item?.type === 'file_change')).toMatchObject({
      status: 'failed',
      changes: [{ kind: 'add' }],
      error: { message: expect.stringContaining('patch rejected: writing outside of the project') },
    });
  });

  test('is named at the end where other changes were made', async () => {
    const outside = '/usr/keel-test/n.txt';
    const script = [
      respond(customCall('apply_patch', patch('n.txt'))),
      respond(customCall('apply_patch', patch(outside))),
      respond(message('done'), usage({})),
    ];
    const { stderr } = await exec(script, ['--full-auto', 'go']);
    expect(stderr).toContain(`\nThese changes were refused: ${outside}: `);
    expect(stderr).not.toContain('Nothing was changed');
  });
});

test('a tool that does not exist and an image that is missing are shown', async () => {
  const script = [
    respond(functionCall('no_such_tool', {}, 'c1'), functionCall('view_image', { path: 'missing.png' }, 'c2')),
    respond(message('done'), usage({})),
  ];
  const { stderr } = await exec([...script, ...script], ['go']);
  expect(stderr).toContain('failed: no tool no_such_tool is offered here\n');
  expect(stderr).toMatch(/^failed: unable to locate image at .*missing\.png/m);
  const items = jsonLines((await again(['--json', 'go'])).stdout).map((line) => line.item);
  expect(items.filter((item) => item?.type === 'error').map((item) => item?.['message'])).toEqual([
    expect.stringMatching(/^no_such_tool: /),
    expect.stringMatching(/^view_image: /),
  ]);
});
