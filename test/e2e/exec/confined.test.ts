import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { jsonLines, runKeel } from '../../support/keel.ts';
import { gitRepository, keelHome, type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let outside: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  outside = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  for (const dir of [home, outside, repo]) dir[Symbol.dispose]();
});

const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);

async function exec(script: string, ...args: string[]) {
  server = await startModelServer([respond(shell(script, 'c1')), respond(message('done'))]);
  const run = await runKeel(['exec', '--json', '-c', 'sandbox_workspace_write.exclude_slash_tmp=true', ...args, 'go'], {
    home: home.path,
    cwd: repo.path,
    url: server.url,
  });
  return { run, output: String(server.requests[1]?.outputOf('c1') ?? '') };
}

test('T16: in read-only mode a write fails, and the model sees what the program said', async () => {
  const { run, output } = await exec('echo x > made', '-s', 'read-only');
  expect(run.code).toBe(0);
  expect(output).toContain('Read-only file system');
  expect(output).not.toMatch(/sandbox/i);
  expect(existsSync(join(repo.path, 'made'))).toBe(false);
});

test('in workspace-write mode the workspace is written, nothing else is, and no key can be read', async () => {
  home.write({ 'auth.json': '{"OPENAI_API_KEY":"sk-stored-secret"}' });
  const script = `echo in > made; echo out > ${outside.path}/made; cat ${home.path}/auth.json; env | grep -c OPENAI; echo x >> .git/config`;
  const { output } = await exec(script, '-s', 'workspace-write');
  expect(existsSync(join(repo.path, 'made'))).toBe(true);
  expect(readdirSync(outside.path)).toEqual([]);
  expect(output).not.toContain('sk-stored-secret');
  expect(output.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(2);
});

test('C14: what may destroy work is refused where nobody can be asked', async () => {
  repo.write({ 'precious/file': 'x' });
  const { output } = await exec('rm -rf precious', '-s', 'workspace-write');
  expect(output).toContain('rejected: this command may destroy work');
  expect(existsSync(join(repo.path, 'precious/file'))).toBe(true);
});

test('T23: without bubblewrap Landlock confines commands, and a warning names what is missing and how to fix it', async () => {
  const script = `touch ${outside.path}/made; mkdir sub && echo in > sub/made; true`;
  const { run, output } = await exec(script, '-s', 'workspace-write', '-c', 'sandbox.bubblewrap="/nowhere/bwrap"');
  expect(output).toContain('Permission denied');
  expect(readdirSync(outside.path)).toEqual([]);
  const warnings = jsonLines(run.stdout).filter((line) => JSON.stringify(line).includes('apt install bubblewrap'));
  expect(warnings).toHaveLength(1);
});

test('people are shown what a command does', async () => {
  server = await startModelServer([respond(shell('cat README.md | head -5', 'c1')), respond(message('done'))]);
  const { testSession } = await import('../../support/session.ts');
  await using live = await testSession({ url: server.url, home: home.path, cwd: repo.path });
  await live.say('look');
  const begun = await live.next('item.started', ({ item }) => item.type === 'commandExecution');
  expect(begun.item).toMatchObject({ commandActions: [{ type: 'read', path: 'README.md' }, {}] });
});
