import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { type KeelOptions, rolloutsIn } from '../support/keel.ts';
import { hasChromium, openPage } from '../support/programs/chromium.ts';
import { runCommandLine } from '../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let options: KeelOptions;
let record: string;
let id: string;

beforeEach(async () => {
  home = keelHome();
  repo = gitRepository();
  server = await startModelServer([
    respond(
      functionCall('shell', { command: ['bash', '-c', 'echo "<b>out</b>"'] }, 'c1'),
      usage({ input: 1_000, cached: 400, output: 50 }),
    ),
    respond(message('It is **done**.'), usage({ input: 1_200, cached: 1_000, output: 20 })),
  ]);
  options = { home: home.path, cwd: repo.path, url: server.url };
  const run = await runCommandLine(['exec', '--sandbox', 'danger-full-access', 'Say <b>out</b>'], options);
  expect(run.code, run.stderr).toBe(0);
  record = rolloutsIn(home.path)[0] ?? '';
  id = /[0-9a-f-]{36}(?=\.jsonl$)/.exec(record)?.[0] ?? '';
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** Everything below a folder with when it was changed. */
/** What there is, and when it was written; keel's cache of compiled code is not part of what is kept. */
function filesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('cache'))
    .sort()
    .map((name) => `${name} ${statSync(join(dir, name)).mtimeMs}`);
}

test('keel replay: by path, id and --last; nothing is sent, written or run', async () => {
  const before = [filesOf(home.path), filesOf(repo.path)];
  for (const words of [[record], [id], ['--last']]) {
    const run = await runCommandLine(['replay', ...words], options);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toBe(`${id}: the same as recorded\n  1 of 1 turn run again, 2 of 2 requests compared\n`);
  }
  const json = await runCommandLine(['replay', id, '--json'], { ...options, cwd: '/' });
  expect(JSON.parse(json.stdout)).toMatchObject({ thread: id, same: true, requests: { compared: 2, all: 2 } });
  expect([filesOf(home.path), filesOf(repo.path)]).toEqual(before);
  expect(server.requests).toHaveLength(2);
});

test('keel replay: 1 with the place of the first difference, 1 for a record that is none, 2 for wrong words', async () => {
  writeFileSync(record, readFileSync(record, 'utf8').replace('"output":"Exit', '"output":"No exit'));
  const differs = await runCommandLine(['replay', record], options);
  expect(differs.code).toBe(1);
  expect(differs.stdout).toMatch(/^\S+: 1 difference\n/);
  expect(differs.stdout).toMatch(
    /\n {2}turn 1, sampling-2: input item \d differs\n {4}then: .*\n {4}now: {2}.*function_call_output/,
  );
  const none = join(home.path, 'none.jsonl');
  writeFileSync(none, 'no record\n');
  for (const word of [none, join(home.path, 'missing.jsonl'), id.replaceAll(/[0-9]/g, '0')]) {
    const run = await runCommandLine(['replay', word], options);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/^keel: .+\n$/);
  }
  for (const words of [[], [id, id], [id, '--last'], ['--nonsense']]) {
    expect(await runCommandLine(['replay', ...words], options)).toMatchObject({ code: 2, stdout: '' });
  }
});

test('keel export: to stdout and to a file of its owner’s, with prices from the configuration', async () => {
  writeFileSync(join(home.path, 'config.toml'), '[model_prices."gpt-5"]\ninput = 1\ncached_input = 0.5\noutput = 10\n');
  const before = filesOf(join(home.path, 'sessions'));
  const md = await runCommandLine(['export', '--last', '--md'], { ...options, env: {} });
  expect(md).toMatchObject({ code: 0, stderr: '' });
  expect(md.stdout).toContain('# Say \\<b\\>out\\</b\\>\n');
  expect(md.stdout).toContain('```\n<b>out</b>\n```\n');
  const html = await runCommandLine(['export', id, '--html', '-o', 'thread.html'], options);
  expect(html).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const path = join(repo.path, 'thread.html');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const page = readFileSync(path, 'utf8');
  expect(page).toContain('&lt;b&gt;out&lt;/b&gt;');
  expect(page).not.toContain('<b>out');
  expect(filesOf(join(home.path, 'sessions'))).toEqual(before);
  const gone = await runCommandLine(['export', id, '--md', '-o', 'no/such/folder.md'], options);
  expect(gone).toMatchObject({ code: 1, stdout: '' });
  expect(gone.stderr).toMatch(/^keel: the transcript can't be written to .*ENOENT.*\n$/);
  for (const words of [[id], [id, '--md', '--html'], ['--md']]) {
    expect(await runCommandLine(['export', ...words], options)).toMatchObject({ code: 2, stdout: '' });
  }
  expect(existsSync(join(repo.path, 'no'))).toBe(false);
});

test.skipIf(!hasChromium)('keel export: a browser shows the page as it is written', async () => {
  const path = join(repo.path, 'page.html');
  await runCommandLine(['export', id, '--html', '-o', path], options);
  const dom = await openPage(pathToFileURL(path).href);
  expect(dom).toContain('<h1>Say &lt;b&gt;out&lt;/b&gt;</h1>');
  expect(dom).toContain('It is <strong>done</strong>.');
  expect(dom).toMatch(/<rect class="s1"[^>]*><\/rect><rect class="s2"/);
  expect(dom).not.toContain('<script');
});

test('a thread of 60 MB is exported within 64 MB of heap', async () => {
  const big = join(home.path, 'big', 'rollout-2026-11-25T10-00-00-01a20cee-41e3-7d69-b809-3f6bd217b403.jsonl');
  mkdirSync(dirname(big));
  const turn = readFileSync(record, 'utf8').trimEnd().split('\n');
  const [meta = '', ...rest] = turn;
  const filler = JSON.stringify('x'.repeat(30_000)).slice(1, -1);
  const block = `${rest.join('\n').replace(/It is \*\*done\*\*\./g, filler)}\n`;
  writeFileSync(big, `${meta}\n`);
  const rounds = Math.ceil(60_000_000 / block.length);
  for (let at = 0; at < rounds; at += 100) {
    writeFileSync(big, block.repeat(Math.min(100, rounds - at)), { flag: 'a' });
  }
  for (const format of ['--html', '--md']) {
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const run = await runCommandLine(['export', big, format, '-o', 'big.out'], { ...options, env });
    expect(run, run.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(statSync(join(repo.path, 'big.out')).size).toBeGreaterThan(10_000_000);
  }
}, 120_000);
