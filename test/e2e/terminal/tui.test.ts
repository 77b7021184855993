import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { keelBin, processesWith, runKeel, savedDrafts, until } from '../../support/keel.ts';
import { KEY, TuiRun } from '../../support/programs/tui.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer | null = null;
beforeEach(() => {
  home = keelHome();
  repo = gitRepository({ 'notes.txt': 'one\n', 'src/deep/water.ts': 'export {};\n' });
});
afterEach(async () => {
  await server?.close();
  server = null;
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

type Script = Parameters<typeof startModelServer>[0];

/** Opens keel in a terminal of its own, with a model that says what the script does. */
async function open(script: Script, args: readonly string[] = ['-s', 'workspace-write'], size = {}): Promise<TuiRun> {
  server = await startModelServer(script);
  return start(args, size);
}

function start(args: readonly string[], size: { readonly columns?: number; readonly rows?: number } = {}): TuiRun {
  return new TuiRun(args, { home: home.path, cwd: repo.path, url: server?.url ?? '', ...size });
}

/** Closes the pager when its last row is there too: keys that come with those behind them count as a paste. */
async function closePager(run: TuiRun): Promise<void> {
  await run.sees('q closes');
  run.type('q');
  await run.seesNot('q closes');
}

// Each test starts the program once or twice, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

/** One dot. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const DIALOG_REST_MS = 450;
const PATCH = '*** Begin Patch\n*** Update File: notes.txt\n@@\n-one\n+two\n*** End Patch\n';

describe('a thread in a terminal', () => {
  test('21, 22: prompt, approval, patch and answer, each finished line once; quitting names the way back', async () => {
    await using run = await open(
      [
        respond(
          message('I look first.', { id: 'm1' }),
          functionCall('exec_command', { cmd: 'touch made && echo it ran' }, 'c1'),
        ),
        respond(functionCall('apply_patch', { input: PATCH }, 'c2')),
        respond(message('All **done**.\n\n```ts\nconst a = 1;\n```\n', { id: 'm2', chunk: 3 })),
        respond(message('And more.', { id: 'm3' })),
      ],
      ['-s', 'workspace-write', '-a', 'untrusted'],
    );
    await run.sees('directory:');
    await run.typeSlowly('change the notes');
    run.type(KEY.enter);
    await run.sees('Run this command?');
    expect(run.screen()).toContain('touch made && echo it ran');
    await delay(DIALOG_REST_MS);
    run.type('y');
    await run.sees('Make this change?');
    expect(run.screen()).toContain('notes.txt (+1 -1)');
    await delay(DIALOG_REST_MS);
    run.type('y');
    await run.sees('const a = 1;');
    await run.seesNot('Esc interrupts');
    const text = run.everything();
    const lines = [
      '› change the notes',
      'I look first.',
      'Ran touch made',
      '└ it ran',
      'Edited notes.txt (+1 -1)',
      'All done.',
    ];
    for (const line of lines) expect(text.split(line), line).toHaveLength(2);
    expect(lines.map((line) => text.indexOf(line))).toEqual(
      [...lines.map((line) => text.indexOf(line))].sort((a, b) => a - b),
    );
    expect(text).toMatch(/^const a = 1;$/m);
    expect(readFileSync(join(repo.path, 'notes.txt'), 'utf8')).toBe('two\n');
    run.type('/quit\r');
    expect(await run.ended).toEqual({ code: 0, signal: 0 });
    const id = /keel resume ([0-9a-f-]{36})/.exec(run.everything())?.[1] ?? '';
    await using again = start(['resume', '-s', 'workspace-write', id]);
    await again.sees('All done.');
    expect(again.screen()).toContain('› change the notes');
    await again.typeSlowly('go on');
    again.type(KEY.enter);
    await again.sees('And more.');
    expect(server?.requests.at(-1)?.input.length).toBeGreaterThan(4);
  });

  test('Esc interrupts while text streams, and a command that runs; nothing is left running', async () => {
    const gate = Promise.withResolvers<void>();
    await using run = await open([
      respond(message('It begins. ', { deltas: ['It begins. ', { type: 'hold', gate: gate.promise }, 'Never.'] })),
      respond(functionCall('exec_command', { cmd: 'echo started; sleep 300' }, 'c1')),
    ]);
    await run.sees('directory:');
    run.type('go\r');
    await run.sees('It begins.');
    await run.typeSlowly('draft');
    run.type(KEY.escape);
    await run.sees('Interrupted.');
    gate.resolve();
    expect(run.screen()).toContain('It begins.');
    expect(run.screen()).toContain('› draft');
    run.type(KEY.ctrl('u'));
    run.type('run\r');
    await run.sees('└ started');
    run.type(KEY.escape);
    await run.sees(/Interrupted\.[\s\S]*started[\s\S]*Interrupted\./);
    await run.seesNot('Working');
    run.type('/quit\r');
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(processesWith(home.path)).toEqual([]);
  });

  test('/export writes a page that names the thread, /config and /doctor open in the pager, /stop ends a command, /logout removes the key', async () => {
    await using run = await open([
      respond(functionCall('exec_command', { cmd: 'echo up; sleep 300', yield_time_ms: 300 }, 'c1')),
      respond(message('It runs.')),
    ]);
    await run.sees('directory:');
    await run.typeSlowly('serve');
    run.type(KEY.enter);
    await run.sees('It runs.');
    run.type('/copy\r');
    await run.sees('Copied');
    expect(run.bytes).toContain(`\u001b]52;c;${Buffer.from('It runs.').toString('base64')}\u0007`);
    run.type('/ps\r');
    await run.sees(/1 +.*sleep 300/);
    run.type('/stop\r');
    await run.sees('The command is stopped.');
    run.type('/stop\r');
    await run.sees('• No command runs in the background.');
    run.type('/context\r');
    await run.sees(/Tool outputs +\d+ bytes/);
    run.type('/export page.html\r');
    await run.sees('The thread is written to');
    expect(readFileSync(join(repo.path, 'page.html'), 'utf8')).toContain('It runs.');
    run.type('/config\r');
    await run.sees(/Settings as configured[\s\S]*^sandbox_mode = "workspace-write"/m);
    await closePager(run);
    run.type('/doctor\r');
    await run.sees(/This machine and the configuration[\s\S]*^ok +Node\.js: v/m);
    await closePager(run);
    writeFileSync(join(home.path, 'auth.json'), '{ "OPENAI_API_KEY": "sk-stored-0000000000" }');
    run.type('/logout\r');
    await run.sees('The stored key is removed.');
    expect(readdirSync(home.path)).not.toContain('auth.json');
    run.type('/theme light\r');
    await run.sees('Theme: light');
    run.type('/quit\r');
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(processesWith(home.path)).toEqual([]);
  });

  test('a steered message reaches the model within the turn, a queued one after it', async () => {
    const gate = Promise.withResolvers<void>();
    await using run = await open([
      respond(functionCall('exec_command', { cmd: 'true' }, 'c1'), { type: 'hold', gate: gate.promise }),
      respond(message('Steered.')),
      respond(message('Then queued.')),
    ]);
    await run.sees('directory:');
    run.type('go\r');
    await run.sees('Working');
    await run.typeSlowly('mind the tide');
    run.type(KEY.enter);
    await run.sees('↳ mind the tide');
    await run.typeSlowly('later');
    run.type(KEY.tab);
    await run.sees('1. later');
    gate.resolve();
    await run.sees('Then queued.');
    expect(server?.requests[1]?.lastUserText).toBe('mind the tide');
    expect(server?.requests[2]?.lastUserText).toBe('later');
  });

  test('32: what a command prints moves no cursor, sets no title and clears nothing', async () => {
    const script = "printf 'a\\033]0;PWN\\007b\\033[2Jc\\td\\re\\n'";
    await using run = await open([
      respond(functionCall('exec_command', { cmd: script }, 'c1')),
      respond(message('ok\u001b[2J now')),
    ]);
    const titles: string[] = [];
    run.terminal.onTitleChange((title) => titles.push(title));
    await run.sees('directory:');
    run.type('go\r');
    await run.sees('now');
    await run.seesNot('Working');
    expect(run.everything()).toContain('› go');
    expect(run.everything()).toContain('bc');
    expect(titles.join()).not.toContain('PWN');
    expect(run.bytes).not.toContain('\u001b[2J');
  });
});

/** The modes that keel sets are off again, the last word about each; the pager's screen too if it was in front. */
function expectGivenBack(run: TuiRun, hadPager = true): void {
  for (const mode of ['?2004', '?1004', ...(hadPager ? ['?1049'] : [])]) {
    expect(run.bytes).toContain(`\u001b[${mode}h`);
    expect(run.bytes.lastIndexOf(`\u001b[${mode}l`), mode).toBeGreaterThan(run.bytes.lastIndexOf(`\u001b[${mode}h`));
  }
  expect(run.bytes.lastIndexOf('\u001b[<u')).toBeGreaterThan(run.bytes.lastIndexOf('\u001b[>7u'));
  expect(run.bytes.lastIndexOf('\u001b[?25h')).toBeGreaterThan(run.bytes.lastIndexOf('\u001b[?25l'));
}

describe('ways out', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('5: %s gives the terminal back, stops what runs, and the thread can be resumed', async (signal, code) => {
    await using run = await open([respond(functionCall('exec_command', { cmd: 'echo started; sleep 300' }, 'c1'))]);
    await run.sees('directory:');
    run.type('go\r');
    await run.sees('└ started');
    run.type(KEY.ctrl('t'));
    await run.sees('q closes');
    run.kill(signal);
    expect(await run.ended).toMatchObject({ code });
    expectGivenBack(run);
    expect(run.bytes).toMatch(/keel resume [0-9a-f-]{36}/);
    await until(() => processesWith(home.path).length === 0);
  });

  test('5: an error that nobody catches gives the terminal back, with the pager in front', async () => {
    server = await startModelServer([]);
    const crash = "process.on('SIGUSR2', () => { throw new Error('it broke'); })";
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` };
    await using run = new TuiRun(['-s', 'read-only'], { home: home.path, cwd: repo.path, url: server.url, env });
    await run.sees('directory:');
    run.type(KEY.ctrl('t'));
    await run.sees('q closes');
    run.kill('SIGUSR2');
    expect((await run.ended).code).not.toBe(0);
    expectGivenBack(run);
    expect(run.everything()).toContain('it broke');
  });

  test('5: Ctrl-Z gives the terminal to the shell, and fg brings the draft back', async () => {
    server = await startModelServer([]);
    const shell = join(home.path, 'shell.cjs');
    const start = [process.execPath, keelBin, '-s', 'read-only'].join(' ');
    writeFileSync(
      shell,
      `require('node:child_process').spawnSync('bash', ['--norc', '--noprofile', '--noediting', '-i'], { stdio: 'inherit' });`,
    );
    const place = { home: home.path, cwd: repo.path, url: server.url, env: { PS1: 'shell> ', HISTFILE: '' } };
    await using run = new TuiRun([], { ...place, program: shell });
    await run.sees('shell>');
    run.type(`${start}\r`);
    await run.sees('directory:');
    await run.typeSlowly('half a thought');
    run.type(KEY.ctrl('z'));
    await run.sees('Stopped');
    expectGivenBack(run, false);
    const stopped = run.bytes.length;
    run.type('fg\r');
    await run.sees('› half a thought');
    for (const mode of ['\u001b[?2004h', '\u001b[?1004h', '\u001b[>7u'])
      expect(run.bytes.slice(stopped)).toContain(mode);
    run.type(KEY.ctrl('u'));
    run.type('/quit\r');
    await run.sees(/shell> *$/);
    run.type('exit\r');
    await run.ended;
  });

  test('keel doctor takes back every mode that a killed keel left on', async () => {
    server = await startModelServer([]);
    await using run = start(['doctor']);
    await run.ended;
    for (const mode of ['?1047l', '?2026l', '?7h', '?25h', '?1004l', '?2004l', '=0u', '>4m', '?1000;1002;1003;1006l'])
      expect(run.bytes).toContain(`\u001b[${mode}`);
  });

  test('what is written and queued survives a kill, with the thread', async () => {
    const gate = Promise.withResolvers<void>();
    await using run = await open([
      respond({ type: 'hold', gate: gate.promise }, message('never')),
      respond(message('next')),
    ]);
    await run.sees('directory:');
    run.type('go\r');
    await run.sees('Working');
    await run.typeSlowly('queued one');
    run.type(KEY.tab);
    await run.typeSlowly('half a thou');
    await run.sees('half a thou');
    await until(() => /half a thou.*queued one/s.test(savedDrafts(home.path)));
    run.kill('SIGKILL');
    await run.ended;
    gate.resolve();
    await using again = start(['resume', '--last', '-s', 'workspace-write']);
    await again.sees('› go');
    await again.sees('1. queued one');
    await again.sees('half a thou');
  });

  test('Ctrl-C clears the draft, then twice quits; what was cleared is not lost', async () => {
    await using run = await open([]);
    await run.sees('directory:');
    await run.typeSlowly('precious');
    run.type(KEY.ctrl('c'));
    await run.sees('Cleared');
    run.type(KEY.up);
    await run.sees('› precious');
    run.type(KEY.ctrl('c'));
    await run.sees('Cleared');
    run.type(KEY.ctrl('c'));
    expect(await run.ended).toEqual({ code: 0, signal: 0 });
  });

  test('34: without a terminal one line names the headless form', async () => {
    const options = { home: home.path, cwd: repo.path, url: 'http://127.0.0.1:9/v1' };
    for (const [args, form] of [
      [[], 'keel exec'],
      [['fix it all'], 'keel exec'],
      [['resume'], 'keel exec resume'],
    ] as const) {
      const run = await runKeel(args, options);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(run.stderr).toContain(`\`${form}\``);
    }
  });
});

describe('help for the fingers', () => {
  test('Ctrl-G: the editor has the terminal without keel’s modes; one that fails leaves the draft; then the bell rings', async () => {
    const editor = join(home.path, 'editor.sh');
    writeFileSync(editor, 'echo EDITOR RUNS\ngrep -q broken "$1" && exit 3\nprintf "from the editor" > "$1"\n');
    home.write({ 'config.toml': '[tui]\nnotification_method = "bel"\n' });
    server = await startModelServer([respond(message('Hello.'))]);
    const env = { EDITOR: `sh ${editor}` };
    const place = { home: home.path, cwd: repo.path, url: server.url, env };
    await using run = new TuiRun(['-s', 'read-only'], place);
    await run.sees('directory:');
    await run.typeSlowly('broken');
    run.type(KEY.ctrl('g'));
    await run.sees(/ended\s+with\s+3:\s+the\s+draft\s+is\s+as\s+it\s+was/);
    expect(run.screen()).toContain('› broken');
    run.type(KEY.ctrl('u'));
    run.type(KEY.ctrl('g'));
    await run.sees('› from the editor');
    const [, before = '', after = ''] = run.bytes.split('EDITOR RUNS');
    for (const [on, off] of [
      ['?2004h', '?2004l'],
      ['?1004h', '?1004l'],
      ['>7u', '<u'],
    ]) {
      expect(before.lastIndexOf(`\u001b[${off}`)).toBeGreaterThan(before.lastIndexOf(`\u001b[${on}`));
      expect(after.lastIndexOf(`\u001b[${on}`)).toBeGreaterThan(after.lastIndexOf(`\u001b[${off}`));
    }
    run.type('\u001b[O');
    run.type(KEY.enter);
    await run.sees('Hello.');
    await run.seesNot('Esc interrupts');
    await until(() => run.bytes.replaceAll(/\u001b\][^\u0007\u001b]*\u0007/g, '').includes('\u0007'));
    expect(run.bytes).not.toContain('\u001b]9;Hello');
  });

  test('@ finds files, / commands, ? keys; the pager shows all and gives the screen back', async () => {
    await using run = await open([respond(message('Hello.'))]);
    await run.sees('directory:');
    await run.typeSlowly('@watr');
    await run.sees('src/deep/water.ts');
    run.type(KEY.tab);
    await run.sees('› src/deep/water.ts');
    run.type(KEY.ctrl('u'));
    run.type('?');
    await run.sees('Shift-Tab');
    await closePager(run);
    run.type('hi\r');
    await run.sees('Hello.');
    run.type(KEY.ctrl('t'));
    await run.sees('Transcript');
    await closePager(run);
    expect(run.everything().split('Hello.')).toHaveLength(2);
  });

  test('a list of threads is shown where none is named, and the chosen one opens', async () => {
    server = await startModelServer(['First.', 'Second.', 'Third.'].map((text) => respond(message(text))));
    const place = { home: home.path, cwd: repo.path, url: server.url };
    for (const prompt of ['about tides', 'about moons']) expect((await runKeel(['exec', prompt], place)).code).toBe(0);
    await using run = start(['resume', '-s', 'read-only']);
    await run.sees('about moons');
    await run.typeSlowly('tides');
    await run.seesNot('about moons');
    await run.sees('about tides');
    run.type(KEY.enter);
    await run.sees('First.');
    run.type('/quit\r');
    await run.ended;
    const [, resumed = ''] = /keel resume (\S+)/.exec(run.everything()) ?? [];
    const png = join(repo.path, 'dot.png');
    writeFileSync(png, Buffer.from(PNG, 'base64'));
    await using fork = start(['fork', '-s', 'read-only', '-i', png]);
    await fork.sees('Fork a thread');
    await fork.sees('about tides');
    fork.type(KEY.enter);
    await fork.sees('Third.');
    expect(JSON.stringify(server.requests.at(-1)?.input)).toContain('data:image/png;base64,');
    fork.type('/quit\r');
    await fork.ended;
    expect(fork.everything()).toMatch(/keel resume [0-9a-f-]{36}/);
    expect(fork.everything()).not.toContain(resumed);
  });

  test('!: a command of the user’s own runs and is shown', async () => {
    writeFileSync(join(repo.path, 'own.txt'), 'mine');
    await using run = await open([]);
    await run.sees('directory:');
    await run.typeSlowly('!cat own.txt');
    run.type(KEY.enter);
    await run.sees('You ran cat own.txt');
    await run.sees('└ mine');
  });

  test('30: the first start asks whether the repository is trusted; a key that is released answers nothing, a no is remembered', async () => {
    server = await startModelServer([]);
    const hooks = { hooks: { Stop: [{ hooks: [{ type: 'command', command: './check.sh --all' }] }] } };
    repo.write({ '.keel/hooks.json': JSON.stringify(hooks) });
    const place = { home: home.path, cwd: join(repo.path, 'src/deep'), url: server.url };
    await using run = new TuiRun([], place);
    await run.sees(`Do you trust what is in ${repo.path}?`);
    expect(run.screen()).toContain('Stop hook: ./check.sh --all');
    // The release of 1, which would be a yes.
    run.type('\u001b[49;1:3u');
    run.type(KEY.enter);
    await run.sees('directory:');
    const settings = readFileSync(join(home.path, 'config.toml'), 'utf8');
    expect(settings).toContain(`[projects."${repo.path}"]\ntrust_level = "untrusted"`);
    run.type('/quit\r');
    await run.ended;
    await using again = start([]);
    await again.sees('directory:');
  });
});

test('12, 2: a message and Enter that arrive in one write are sent, also where the terminal answers nothing; idle, nothing is written', async () => {
  server = await startModelServer([respond(message('Hello.')), respond(message('Again.'))]);
  const place = { home: home.path, cwd: repo.path, url: server.url, answers: false };
  await using run = new TuiRun(['-s', 'read-only'], place);
  await run.sees(/Starting|Ask for/);
  run.type('hi\r');
  await run.sees('Hello.');
  await run.seesNot('Esc interrupts');
  run.type('and now\r');
  await run.sees('Again.');
  await run.seesNot('Esc interrupts');
  expect(server.requests.map(({ lastUserText }) => lastUserText)).toEqual(['hi', 'and now']);
  expect(run.bytes.split('\u001b]133;A')).toHaveLength(3);
  // Hints and the branch of git are the last to change.
  for (let before = -1; before !== run.bytes.length; await delay(1_000)) before = run.bytes.length;
  const before = run.bytes.length;
  await delay(2_000);
  expect(run.bytes.length).toBe(before);
});

describe.each([
  ['a dumb terminal', { TERM: 'dumb' }, null, []],
  ['ACCESSIBLE=1', { ACCESSIBLE: '1' }, null, []],
  ['tui.screen_reader', {}, '[tui]\nscreen_reader = true\n', []],
  ['--screen-reader', {}, null, ['--screen-reader']],
])('33, 17.9: %s', (_name, env: Record<string, string>, settings, flags) => {
  test('gets lines only, and answers with lines', async () => {
    if (settings !== null) home.write({ 'config.toml': settings });
    server = await startModelServer([
      respond(functionCall('exec_command', { cmd: 'touch made && echo it ran' }, 'c1')),
      respond(message('All **done**.', { chunk: 2 })),
    ]);
    const args = [...flags, '-s', 'workspace-write', '-a', 'untrusted'];
    await using run = new TuiRun(args, { home: home.path, cwd: repo.path, url: server.url, env });
    await run.sees('Ready.');
    // The setting is read when the terminal is open already.
    const before = settings === null ? 0 : run.bytes.length;
    run.type('go\r');
    await run.sees('Approval needed.');
    await delay(DIALOG_REST_MS);
    run.type('y\r');
    await run.sees('Done.');
    expect(run.screen()).toContain('All done.');
    run.type('/quit\r');
    expect(await run.ended).toEqual({ code: 0, signal: 0 });
    const text = run.bytes.slice(before).replaceAll(/\u001b\[[\d;]*m/g, '');
    expect(text).toContain('To continue: keel resume');
    expect(text).not.toMatch(/[\u001b│─└•›■✔□]|Worked for|Tokens:/);
  });
});

test('a thread that is continued has its own model, effort and mode, unless the command line says otherwise', async () => {
  server = await startModelServer([respond(message('Hello.')), respond(message('Again.'))]);
  const place = { home: home.path, cwd: repo.path, url: server.url };
  const own = ['-m', 'gpt-5-own', '-c', 'model_reasoning_effort="high"', '-s', 'read-only'];
  expect(await runKeel(['exec', ...own, 'hi'], place)).toMatchObject({ code: 0 });
  home.write({ 'config.toml': `[projects.${JSON.stringify(repo.path)}]\ntrust_level = "trusted"\n` });
  await using run = start(['resume', '--last', 'more']);
  await run.sees('Again.');
  await run.sees('read-only · gpt-5-own high');
  expect(run.everything()).not.toContain('Changed:');
  expect(server.requests.at(-1)?.body).toMatchObject({ model: 'gpt-5-own', reasoning: { effort: 'high' } });
  run.type('/quit\r');
  await run.ended;
  await using other = start(['fork', '--last', '-m', 'gpt-5-other', '-s', 'workspace-write']);
  await other.sees('Changed: the model is gpt-5-other; the thread had gpt-5-own.');
  expect(other.everything()).toContain('Changed: the sandbox is workspace-write; the thread had read-only.');
});

test('a model of another provider continues the thread there, shows nothing twice, and is that of later starts', async () => {
  await using other = await startModelServer(['From the other.', 'Still there.'].map((text) => respond(message(text))));
  const provider = `[model_providers.other]\nname = "Other server"\nbase_url = "${other.url}"\n`;
  home.write({ 'config.toml': `model = "gpt-5-codex"\n\n${provider}` });
  await using run = await open([respond(message('From the first.'))], ['-s', 'read-only', 'hi']);
  await run.sees('From the first.');
  await run.seesNot('Esc interrupts');
  run.type('/model\r');
  await run.sees('A model of Other server');
  run.type('2');
  await run.sees('Which model of Other server?');
  await run.typeSlowly('tide-1');
  run.type(KEY.enter);
  await run.sees('How much should tide-1 think?');
  run.type('1');
  await run.sees('kept in config.toml');
  await run.sees('read-only · tide-1');
  run.type('more\r');
  await run.sees('From the other.');
  await run.seesNot('Esc interrupts');
  expect(run.everything().split('From the first.')).toHaveLength(2);
  expect(other.requests[0]?.body).toMatchObject({ model: 'tide-1' });
  expect(JSON.stringify(other.requests[0]?.input)).toContain('From the first.');
  run.type('/quit\r');
  await run.ended;
  await using again = start(['-s', 'read-only', 'hi']);
  await again.sees('Still there.');
  server?.assertDone();
});

test('17.11: a command of the user writes the last row, from the state as JSON and without keys; another one notifies; a theme is kept', async () => {
  home.write({
    'config.toml':
      '[tui]\nstatus_line = { command = "cat > $HOME/new; mv $HOME/new $HOME/seen; echo line of $$ with key=$OPENAI_API_KEY." }\n' +
      'notification_method = { command = \'printf "%s" "$1" > $HOME/noticed.new; mv $HOME/noticed.new $HOME/noticed\' }\n',
  });
  await using run = await open(
    ['Hello.', 'Come back.'].map((text) => respond(message(text))),
    ['-s', 'read-only', 'hi'],
  );
  await run.sees('Hello.');
  await run.sees(/line of \d+ with key=\./);
  const seen = readFileSync(join(home.path, 'seen'), 'utf8');
  expect(JSON.parse(seen)).toMatchObject({ hook_event_name: 'Status', cwd: repo.path, model: { id: 'gpt-5-codex' } });
  expect(existsSync(join(home.path, 'noticed'))).toBe(false);
  run.type('\u001b[O');
  run.type('more\r');
  await until(() => existsSync(join(home.path, 'noticed')));
  expect(readFileSync(join(home.path, 'noticed'), 'utf8')).toBe('Come back.');
  run.type('/theme light\r');
  await run.sees('Theme: light, kept');
  expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toMatch(/^\[tui\]\ntheme = "light"\nstatus_line = /);
});

describe('what is loaded', () => {
  const dist = join(import.meta.dirname, '../../../dist');
  const textOf = (name: string) => readFileSync(join(dist, name), 'utf8');
  const scripts = readdirSync(dist).filter((name) => name.endsWith('.cjs'));
  /** What is loaded with these scripts; an import() comes later, and is a function around its require. */
  const closureOf = (names: readonly string[]): ReadonlySet<string> => {
    const closure = new Set<string>();
    const visit = (name: string) => {
      if (closure.has(name)) return;
      closure.add(name);
      for (const [, next = ''] of textOf(name).matchAll(/(?<!=>)require\("\.\/([^"]+\.cjs)"\)/g)) visit(next);
    };
    for (const name of names) visit(name);
    return closure;
  };
  const having = (text: string) => scripts.filter((name) => textOf(name).includes(text));
  const terminal = having('Ask for something');
  const core = scripts.filter((name) => name.startsWith('core-'));

  test('keel exec loads nothing of the terminal', () => {
    expect(terminal).toHaveLength(1);
    const loaded = closureOf(['cli.cjs', ...core]);
    expect(terminal.filter((name) => loaded.has(name))).toEqual([]);
  });

  test('the terminal paints before it loads what runs a session', () => {
    expect(core).toHaveLength(1);
    const loaded = closureOf(['cli.cjs', ...terminal]);
    expect(loaded.size).toBeGreaterThan(2);
    expect(core.filter((name) => loaded.has(name))).toEqual([]);
  });
});
