// Records two screens of the terminal, as docs/terminal.svg and docs/terminal-approval.svg: the built program runs in a
// pseudo-terminal that is read through an emulator. With --check it writes nothing and fails if a picture shows something else
// than the program shows now.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { functionCall, message, respond, startModelServer } from '../src/testing/index.ts';
import { KEY, TuiRun } from '../test/support/programs/tui.ts';
import { gitRepository, tempDir } from '../test/support/temp-dir.ts';
import { rowsOf, svgOf } from './terminal-picture.js';

const COLUMNS = 96;
const DEMO_PROMPT = 'The test suite fails. Find out why, fix the cause and show me that it passes.';
const NO_SANDBOX = 'No sandbox works here';
const docs = join(import.meta.dirname, '../docs');

/** What differs from run to run, and the form that two runs are compared in. */
const VARYING = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'],
  [/[\d.]+m?s\b/g, 'TIME'],
  [/duration_ms [\d.]+/g, 'duration_ms TIME'],
  [/\+\d+ lines/g, '+N lines'],
];

/** A conversation with the demo's model: plan, commands, diff and answer. */
async function conversation() {
  using home = tempDir();
  const place = { home: home.path, cwd: home.path, url: '', columns: COLUMNS, rows: 40 };
  await using run = new TuiRun(['--demo'], { ...place, env: { TMPDIR: home.path } });
  await run.sees('context left');
  if (run.everything().includes(NO_SANDBOX)) return null;
  await run.typeSlowly(DEMO_PROMPT);
  await run.sees(`› ${DEMO_PROMPT}`);
  run.type(KEY.enter);
  await run.sees('4 passed');
  await run.seesNot('Esc interrupts');
  await run.sees(' · main');
  return rowsOf(run.terminal).map((row) => withoutPlace(row, home.path, '~'));
}

/** A question of a scripted model's: a command that leaves the sandbox. */
async function approval() {
  using home = tempDir();
  using repo = gitRepository({ 'package.json': '{ "name": "tide-times", "version": "0.3.2" }\n' });
  const args = { cmd: 'npm publish --access public', with_escalated_permissions: true };
  const justification = 'Publishing version 0.3.2 needs the network and your npm login.';
  await using server = await startModelServer([
    respond(
      message('The version is 0.3.2 and the tests pass. I’ll publish it now.'),
      functionCall('exec_command', { ...args, justification }, 'call_publish'),
    ),
  ]);
  const place = { home: home.path, cwd: repo.path, url: server.url, columns: COLUMNS, rows: 40 };
  const flags = ['-m', 'gpt-5', '-s', 'workspace-write', '-a', 'on-request', '-c', 'tui.animations=false'];
  await using run = new TuiRun(flags, place);
  await run.sees(' · main');
  await run.typeSlowly('publish the new version');
  await run.sees('› publish the new version');
  run.type(KEY.enter);
  await run.sees('Run this command?');
  await run.sees('No, and stop the turn');
  return rowsOf(run.terminal).map((row) => withoutPlace(row, repo.path, '~/tide-times'));
}

/** @param {import('./terminal-picture.js').Piece[]} row @param {string} place a temporary directory @param {string} name its name in the picture */
function withoutPlace(row, place, name) {
  return row.map((piece) => ({
    ...piece,
    text: piece.text
      .replaceAll(place, name)
      .replaceAll(`…/${basename(place)}`, name)
      .replaceAll(/~\/keel-demo-\w+/g, '~'),
  }));
}

/** A picture as text, without what varies. @param {string} svg */
function comparable(svg) {
  const lines = svg.match(/<text .*<\/text>/g) ?? [];
  return lines.map((line) => {
    const text = line.replaceAll(/<tspan [^>]*>/g, ' ').replaceAll(/<[^>]*>/g, '');
    return VARYING.reduce((masked, [pattern, mask]) => masked.replaceAll(pattern, mask), text);
  });
}

/** Writes a picture, or compares it with what is there. @param {string} name @param {string} svg */
function settle(name, svg) {
  const path = join(docs, name);
  if (!process.argv.includes('--check')) return writeFileSync(path, svg);
  const [shown, now] = [readFileSync(path, 'utf8'), svg].map(comparable);
  const at = now.findIndex((line, index) => line !== shown[index]);
  if (at === -1 && shown.length === now.length) return;
  console.error(`docs/${name} does not show what keel shows: npm run screens:record`);
  console.error(`  shown: ${shown[at] ?? '(nothing)'}\n  now:   ${now[at] ?? '(nothing)'}`);
  process.exitCode = 1;
}

const rows = await conversation();
if (rows === null) {
  console.error('the pictures show sandboxed runs, and no sandbox works here (`keel doctor` says why)');
  process.exitCode = 2;
} else {
  settle('terminal.svg', svgOf('A conversation with keel in a terminal', rows, COLUMNS));
  settle(
    'terminal-approval.svg',
    svgOf('keel asks before a command runs without its sandbox', await approval(), COLUMNS),
  );
}
