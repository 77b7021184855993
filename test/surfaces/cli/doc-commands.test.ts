import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands, loadTerminal } from '../../../src/surfaces/cli/commands.ts';
import {
  customCall,
  functionCall,
  type ModelServer,
  message,
  type RecordedRequest,
  respond,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { pages, samplesOf, shellLines, textOf, words } from '../../support/doc-pages.ts';
import { keelBin, rolloutsIn } from '../../support/keel.ts';
import { gitRepository, type TempDir, tempDir } from '../../support/temp-dir.ts';

/** The id of the pages' thread, which is called "low water". */
const THREAD = '01a20cee-41e3-7d69-b809-3f6bd217b403';

/** Lines that are no test's to run, and the tests of what they do. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^keel( |$)(?!exec|review)(["-].*|resume.*|fork.*)?$/, 'opens a terminal: test/e2e/terminal/tui.test.ts'],
  [/\[options\]/, 'a synopsis: help.test.ts'],
  [/--oss|lmstudio/, 'asks a server on this machine: test/models/local'],
  [/^keel mcp (login|logout)/, 'opens a browser: test/e2e/mcp/mcp-sign-in.test.ts'],
  [/^keel mcp test/, 'starts a server: mcp.test.ts'],
  [/^keel mcp (add .*--scope project|trust)/, 'needs a project that the user trusts: mcp.test.ts'],
  [/^keel (acp|app-server|mcp-server)/, 'serves until it is stopped: test/e2e'],
  [/^keel provider test/, 'asks ten questions: provider.test.ts'],
  [/team-tools/, 'needs a plugin: the tests of plugins'],
  [/^keel import/, 'reads the files of another agent: test/e2e/import.test.ts'],
  [/^keel (hooks|exec "Push)/, 'needs the lines before it: they are run together, below'],
];

let home: TempDir;
let repo: TempDir;
let kept: TempDir;
let server: ModelServer;

beforeAll(async () => {
  [home, repo, kept] = [tempDir(), gitRepository({ 'a.txt': '0\n' }), tempDir()];
  home.write({ 'config.toml': 'model_prices."gpt-5-codex" = { input = 1.25, output = 10 }\n' });
  server = await startModelServer(answer);
  for (const words of [['change 1'], ['resume', '--last', 'change 2'], ['resume', '--last', 'change 3']])
    expect(await keel(['exec', '--full-auto', ...words])).toMatchObject({ code: 0 });
  giveThreadItsId();
  expect(await keel(['threads', 'rename', THREAD, 'low water'])).toMatchObject({ code: 0 });
  const [rollout = ''] = rolloutsIn(home.path);
  repo.write({ 'test/threads/fixes-the-tide-table.jsonl': readFileSync(rollout, 'utf8') });
  for (const [name, place] of Object.entries({ home, repo }))
    cpSync(place.path, join(kept.path, name), { recursive: true });
}, 120_000);

afterAll(async () => {
  await server.close();
  for (const place of [home, repo, kept]) place[Symbol.dispose]();
});

/** Changes the file where it is asked to, and answers anything else. */
function answer(request: RecordedRequest) {
  const [, to] = /^change (\d)$/.exec(request.textsOf('user').at(-1) ?? '') ?? [];
  const isDone = String(request.input.at(-1)?.['type']).endsWith('_output');
  if (to === undefined || isDone) return respond(message('Done.'), usage({ input: 10, output: 1 }));
  const patch = `*** Begin Patch\n*** Update File: a.txt\n@@\n-${Number(to) - 1}\n+${to}\n*** End Patch\n`;
  return respond(customCall('apply_patch', patch, `call_${to}`));
}

/** Runs a command in this process, as the program does. */
async function keel(given: readonly string[]): Promise<{ code: number; out: string }> {
  const [name = '', ...rest] = given[0] === 'exec' && given[1] === 'review' ? given.slice(1) : given;
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end();
  const out = Promise.all([text(stdout), text(stderr)]);
  const env = {
    PATH: process.env['PATH'],
    HOME: home.path,
    KEEL_HOME: home.path,
    OPENAI_BASE_URL: server.url,
    OPENAI_API_KEY: 'test',
  };
  const command = await commands[name]?.load();
  if (command === undefined) throw new Error(`there is no command ${name}`);
  const io = { env, cwd: repo.path, stdin, stdout, stderr };
  const code = await command.run(io, rest, { commands, loadTerminal }).finally(() => {
    stdout.end();
    stderr.end();
  });
  return { code, out: (await out).join('') };
}

function giveThreadItsId(): void {
  const [path = ''] = rolloutsIn(home.path);
  const id = /([0-9a-f-]{36})\.jsonl$/.exec(path)?.[1] ?? '';
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(id, THREAD));
  renameSync(path, path.replace(id, THREAD));
  for (const folder of ['threads', 'undo']) {
    const names = readdirSync(join(home.path, folder)).filter((name) => name.includes(id));
    for (const name of names)
      renameSync(join(home.path, folder, name), join(home.path, folder, name.replace(id, THREAD)));
  }
  for (const name of readdirSync(home.path).filter((one) => one.includes('index')))
    rmSync(join(home.path, name), { force: true });
}

/** The state in which each line of a page is run. */
function startAgain(): void {
  for (const [name, place] of Object.entries({ home, repo })) {
    for (const entry of readdirSync(place.path)) rmSync(join(place.path, entry), { recursive: true, force: true });
    cpSync(join(kept.path, name), place.path, { recursive: true });
  }
}

const lines = pages
  .filter((page) => !page.endsWith('roadmap.md'))
  .flatMap((page) =>
    shellLines(page)
      .map((line) => line.replace(/ \| less$/, '').replace(/^node \S*bin\/keel\.js/, 'keel'))
      .filter((line) => /^keel( |$)/.test(line) && !NOT_RUN.some(([pattern]) => pattern.test(line)))
      .map((line) => ({ page, line })),
  );

describe('command lines of the pages', () => {
  test.each(lines)('$page: $line', { timeout: 60_000 }, async ({ line }) => {
    startAgain();
    if (line.includes(' unarchive '))
      expect(await keel(['threads', 'archive', 'low water'])).toMatchObject({ code: 0 });
    const place = line
      .replace('1a2b3c4', () => execFileSync('git', ['rev-parse', 'HEAD'], { cwd: repo.path, encoding: 'utf8' }).trim())
      .replace(/\bTHREAD\b/, THREAD);
    const { code, out } = await keel(words(place).slice(1));
    expect([code, code === 0 ? '' : out]).toEqual([0, '']);
  });
});

test('what keel made in its home is on the page of files', () => {
  const page = textOf('docs/files.md');
  expect(readdirSync(join(kept.path, 'home')).filter((name) => !page.includes(`\`${name}`))).toEqual([]);
});

test('the first hook of its page works as the page says', { timeout: 60_000 }, async () => {
  const [setUp] = samplesOf('docs/hooks.md', ['sh']);
  using bin = tempDir();
  bin.write({ keel: `#!/bin/sh\nexec '${process.execPath}' '${keelBin}' "$@"\n` });
  chmodSync(join(bin.path, 'keel'), 0o755);
  await using pushing = await startModelServer((request) => {
    const isAsked = request.textsOf('user').at(-1) === 'Push the current branch';
    const isDone = String(request.input.at(-1)?.['type']).endsWith('_output');
    return respond(isAsked && !isDone ? functionCall('shell', { command: ['git', 'push'] }, 'c1') : message('Done.'));
  });
  startAgain();
  const env = {
    HOME: home.path,
    KEEL_HOME: join(home.path, '.keel'),
    OPENAI_BASE_URL: pushing.url,
    OPENAI_API_KEY: 'test',
  };
  const PATH = `${bin.path}:${process.env['PATH']}`;
  const { stdout } = await promisify(execFile)('sh', ['-e', '-c', setUp?.code ?? ''], {
    cwd: repo.path,
    env: { ...env, PATH },
  });
  expect(stdout).toContain('no-push.sh');
  const output = String(pushing.requests.findLast((request) => request.method === 'POST')?.outputOf('c1'));
  expect(output).toContain('Pushing is left to people. Say that the branch is ready.');
});
