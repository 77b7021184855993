import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  functionCall,
  hold,
  type ModelServer,
  message,
  respond,
  startModelServer,
} from '../../../src/testing/index.ts';
import { processesWith, savedDrafts, until } from '../../support/keel.ts';
import { hasTmux, TmuxRun } from '../../support/programs/tmux.ts';
import { KEY, TuiRun } from '../../support/programs/tui.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer | null = null;
beforeEach(() => {
  home = keelHome();
  home.write({
    'config.toml': 'features.multi_agent = true\napproval_policy = "untrusted"\nsandbox_mode = "workspace-write"\n',
  });
  repo = gitRepository({ 'notes.txt': 'one\n', 'AGENTS.md': 'Be brief.\n' });
});
afterEach(async () => {
  await server?.close();
  server = null;
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** A dialog takes no key before it has been on the screen for 350 ms: that is the product's rule, and no text says when it is over. */
const DIALOG_REST_MS = 400;

const notes = () => readFileSync(join(repo.path, 'notes.txt'), 'utf8');
const count = (text: string, part: string) => text.split(part).length - 1;

function patch(from: string, to: string, id: string) {
  const input = `*** Begin Patch\n*** Update File: notes.txt\n@@\n-${from}\n+${to}\n*** End Patch\n`;
  return respond(functionCall('apply_patch', { input }, id));
}

const run = (cmd: string, id: string) => functionCall('exec_command', { cmd }, id);

const review = JSON.stringify({
  findings: [],
  overall_correctness: 'patch is correct',
  overall_explanation: 'The notes read well.',
  overall_confidence_score: 0.9,
});

async function answer(tui: TuiRun, question: string, key: string): Promise<void> {
  await tui.sees(question);
  await tui.sees('No, and stop the turn');
  await delay(DIALOG_REST_MS);
  tui.type(key);
}

/** Waits until a thread is open that is not the one before: each begins with its header. */
async function opened(tui: TuiRun, threads: number): Promise<void> {
  await until(() => count(tui.everything(), 'directory:') === threads, 30_000);
}

test('one long session, from the first run over a kill to the end', { timeout: 120_000 }, async () => {
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const gate = (at: number) => hold(gates[at]?.promise ?? Promise.resolve());
  server = await startModelServer([
    respond(
      message('I look, then I write.', { deltas: ['I look, ', gate(0), 'then I write.'] }),
      run('touch made', 'call_1'),
    ),
    respond(run('touch made again', 'call_2')),
    patch('one', 'two', 'call_3'),
    respond(message('All **done**.', { chunk: 3 })),
    respond(message('It begins. Never.', { deltas: ['It begins. ', gate(1), 'Never.'] })),
    respond(run('ls', 'call_4'), gate(2)),
    respond(message('Steered well.')),
    respond(message('The queue is empty.')),
    respond(message('Another way.')),
    respond(message('SUMMARY of all that was said')),
    respond(message(review)),
    patch('two', 'three', 'call_5'),
    respond(message('Patched again.')),
    respond(
      functionCall('spawn_agent', { message: 'note the tide' }, 'call_6'),
      functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'call_7'),
    ),
    respond(run('touch tide', 'call_8')),
    respond(message('The tide is noted.')),
    respond(message('My helper is done.')),
    respond(message('Back to work.')),
  ]);
  const place = { home: home.path, cwd: repo.path, url: server.url };
  await using tui = new TuiRun([], place);

  // First run
  await tui.sees('Do you trust what is in');
  await tui.sees('AGENTS.md');
  tui.type('1');
  await tui.sees('directory:');
  expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toContain('trust_level = "trusted"');

  // Prompt and streaming
  await tui.typeSlowly('change the notes');
  tui.type(KEY.enter);
  await tui.sees('I look,');
  expect(tui.screen()).not.toContain('then I write.');
  expect(tui.screen()).toContain('Esc interrupts');
  gates[0]?.resolve();

  // Approval with a rule that is remembered, and a patch
  await answer(tui, 'Run this command?', 'p');
  await tui.sees('p again to confirm');
  tui.type('p');
  await answer(tui, 'Make this change?', 'y');
  await tui.sees('All done.');
  await tui.seesNot('Esc interrupts');
  expect(notes()).toBe('two\n');
  await tui.sees('Nothing was checked after the last change.');
  const first = tui.everything();
  expect(first).toMatch(/• Changed: .*notes\.txt/);
  const lines = [
    '› change the notes',
    'I look, then I write.',
    'Ran touch made\n',
    'Ran touch made again',
    'Edited notes.txt (+1 -1)',
    'All done.',
  ];
  for (const line of lines) expect(count(first, line), line).toBe(1);
  expect(lines.map((line) => first.indexOf(line))).toEqual(
    lines.map((line) => first.indexOf(line)).toSorted((a, b) => a - b),
  );

  // Interrupt
  tui.type('begin\r');
  await tui.sees('It begins.');
  tui.type(KEY.escape);
  await tui.sees('Interrupted.');
  await tui.seesNot('Esc interrupts');
  gates[1]?.resolve();

  // Steer and queue
  tui.type('work\r');
  await tui.sees('Esc interrupts');
  await tui.typeSlowly('mind the tide');
  tui.type(KEY.enter);
  await tui.sees('↳ mind the tide');
  await tui.typeSlowly('what is left?');
  tui.type(KEY.tab);
  await tui.sees('1. what is left?');
  gates[2]?.resolve();
  await tui.sees('The queue is empty.');
  await tui.seesNot('Esc interrupts');
  expect(server.requests[6]?.lastUserText).toBe('mind the tide');
  expect(server.requests[7]?.lastUserText).toBe('what is left?');

  // Backtrack
  tui.type(KEY.escape);
  await tui.sees('Esc again');
  tui.type(KEY.escape);
  await tui.sees('Edit an earlier message');
  tui.type(KEY.enter);
  await opened(tui, 2);
  await tui.sees('› what is left?');
  tui.type(KEY.ctrl('u'));
  tui.type('think of something else\r');
  await tui.sees('Another way.');
  await tui.seesNot('Esc interrupts');
  expect(JSON.stringify(server.requests[8]?.input)).not.toContain('what is left?');
  expect(server.requests[8]?.lastUserText).toBe('think of something else');

  // Fork, compact, review
  tui.type('/fork\r');
  await opened(tui, 3);
  tui.type('/compact\r');
  await tui.sees('Compacted the conversation');
  await tui.seesNot('Esc interrupts');
  // The copy has what was said before it, and not what was stepped back from.
  const copied = JSON.stringify(server.requests[9]?.input);
  expect(copied).toContain('Another way.');
  expect(copied).not.toContain('The queue is empty.');
  tui.type('/review the notes\r');
  await tui.sees('The notes read well.');
  await tui.seesNot('Esc interrupts');
  expect(JSON.stringify(server.requests[10]?.input)).toContain('the notes');

  // Undo
  tui.type('patch more\r');
  await answer(tui, 'Make this change?', 'y');
  await tui.sees('Patched again.');
  await tui.seesNot('Esc interrupts');
  expect(notes()).toBe('three\n');
  tui.type('/undo\r');
  await tui.sees('Undone');
  await tui.seesNot('Esc interrupts');
  expect(notes()).toBe('two\n');

  // A helper with a question
  tui.type('have it noted\r');
  await answer(tui, 'Run this command? (asked by the subagent: worker-1)', 'y');
  await tui.sees('My helper is done.');
  await tui.seesNot('Esc interrupts');
  expect(existsSync(join(repo.path, 'tide'))).toBe(true);
  expect(tui.everything()).toContain('The tide is noted.');

  // A kill, and the way back
  await tui.typeSlowly('half a thought');
  await until(() => savedDrafts(home.path).includes('half a thought'));
  tui.kill('SIGKILL');
  await tui.ended;
  await using again = new TuiRun(['resume', '--last'], place);
  await again.sees('My helper is done.');
  await again.sees('› half a thought');
  expect(again.everything()).not.toContain('Do you trust');
  again.type(KEY.enter);
  await again.sees('Back to work.');
  await again.seesNot('Esc interrupts');
  expect(server.requests.at(-1)?.lastUserText).toBe('half a thought');
  expect(JSON.stringify(server.requests.at(-1)?.input)).toContain('SUMMARY of all that was said');
  again.type('/quit\r');
  expect(await again.ended).toEqual({ code: 0, signal: 0 });
  expect(again.everything()).toMatch(/keel resume [0-9a-f-]{36}/);
  expect(processesWith(home.path)).toEqual([]);
  expect(savedDrafts(home.path)).toBe('');
  server.assertDone();
});

test.skipIf(!hasTmux)(
  'in tmux each finished line is in the scrollback once, also after a resize',
  { timeout: 90_000 },
  async () => {
    const long = Array.from({ length: 60 }, (_, at) => `- line ${at} of the answer`).join('\n');
    server = await startModelServer([
      respond(run('touch made', 'call_1')),
      respond(message(long, { chunk: 40 })),
      respond(message('The end.')),
    ]);
    using tmux = new TmuxRun(['-s', 'workspace-write', '-a', 'untrusted'], {
      home: home.path,
      cwd: repo.path,
      url: server.url,
    });
    await tmux.sees('directory:');
    tmux.type('tell me all');
    await tmux.sees('› tell me all');
    tmux.press('Enter');
    await tmux.sees('Run this command?');
    await tmux.sees('No, and stop the turn');
    await delay(DIALOG_REST_MS);
    tmux.type('y');
    await tmux.sees('line 59 of the answer');
    await tmux.sees('Esc interrupts', false);
    tmux.resize(80, 24);
    tmux.type('and then?');
    await tmux.sees('› and then?');
    tmux.press('Enter');
    await tmux.sees('The end.');
    await tmux.sees('Esc interrupts', false);
    const text = tmux.everything();
    const lines = ['› tell me all', 'Ran touch made', ...long.split('\n').map((line) => line.slice(2)), 'The end.'];
    for (const line of lines) expect(count(text, line), `${line}\n${text}`).toBe(1);
    tmux.type('/quit');
    tmux.press('Enter');
    await until(() => !tmux.isRunning(), 30_000);
    await until(() => processesWith(home.path).length === 0, 30_000);
  },
);
