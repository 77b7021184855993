import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { StdioServer } from '../support/app-server/run.ts';
import { freshPlaces } from '../support/fresh-places.ts';
import { jsonLines, keelBin, runKeel } from '../support/keel.ts';
import { serverFile } from '../support/mcp/settings.ts';

const { home, repo } = freshPlaces();
const run = promisify(execFile);
/** Several runs of keel, on a machine that may be busy. */
const slow = { timeout: 120_000 };
const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
const shell = (cmd: string) => respond(functionCall('exec_command', { cmd }, 'call_1'));

/** The first example of a page of docs/. */
const exampleOf = (page: string) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
  return /```sh\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
};

test('the example of docs/plugins.md: the skill reaches the model, and the hook refuses the push', slow, async () => {
  await using server = await startModelServer([shell('git push origin main'), ok]);
  // `keel` is this build.
  repo.write({ 'bin/keel': `#!/bin/sh\nexec '${process.execPath}' '${keelBin}' "$@"\n` });
  const script = `set -e\nkeel() { sh "$PWD/bin/keel" "$@"; }\n${exampleOf('plugins.md')}`;
  const { stdout } = await run('sh', ['-c', script], {
    cwd: repo.path,
    env: {
      ...{ PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path },
      ...{ OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-test-secret-1234567890' },
    },
  });
  expect(stdout).toMatch(/PreToolUse \(Bash\): sh "\$\{KEEL_PLUGIN_ROOT\}\/hooks\/no-push\.sh"/);
  const [first, second] = server.requests;
  expect(first?.textsOf('user')[0]).toMatch(/\nteam-tools:release: How a release is made here\. \(\/.*\)\n/);
  expect(first?.textsOf('user').at(-1)).toMatch(/^<skills name="team-tools:release"[\s\S]*tag the commit/);
  expect(second?.outputOf('call_1')).toContain('Pushing is left to people.');
});

test('the files of a plugin stay for as long as a process uses them', slow, async () => {
  await using server = await startModelServer([]);
  const place = { home: home.path, cwd: repo.path, url: server.url };
  repo.write({ 'p/plugin.json': '{"name":"p"}', 'p/prompts/a.md': 'A\n', 'q/prompts/a.md': 'A\n' });
  const add = (name: string) => runKeel(['plugin', 'add', `./${name}`, '--yes'], place);
  const folders = () => readdirSync(join(home.path, 'plugins/p')).filter((name) => !name.endsWith('.json'));
  await add('p');
  const [first] = folders();
  {
    await using client = new StdioServer(place);
    await client.initialize();
    await client.call('thread/start', { cwd: repo.path });
    repo.write({ 'p/prompts/a.md': 'B\n' });
    await add('p');
    expect([folders().length, folders().includes(first ?? '')]).toEqual([2, true]);
    const removed = await runKeel(['plugin', 'remove', 'p'], place);
    expect([removed.code, removed.stderr]).toEqual([0, expect.stringContaining('Threads that run now use it')]);
    expect(folders()).toEqual([first]);
  }
  expect(await add('q')).toMatchObject({ code: 0 });
  expect(existsSync(join(home.path, 'plugins/p'))).toBe(false);
});

test('a plugin\u2019s server offers its tools, and nothing of a plugin that was changed is used', slow, async () => {
  await using server = await startModelServer([
    respond(functionCall('mcp__p_notes__echo', { text: 'hi' }, 'c1')),
    ok,
    ok,
  ]);
  const place = { home: home.path, cwd: repo.path, url: server.url };
  const notes = { command: '/usr/bin/env', args: [process.execPath, serverFile] };
  repo.write({ 'p/.mcp.json': JSON.stringify({ notes }), 'p/prompts/a.md': 'A\n' });
  expect(await runKeel(['plugin', 'add', './p', '--yes'], place)).toMatchObject({ code: 0 });
  const used = await runKeel(['exec', '--json', 'go'], place);
  expect([used.code, server.requests[1]?.outputOf('c1')]).toEqual([0, expect.stringContaining('hi')]);

  const dir = join(home.path, 'plugins/p');
  const folder = readdirSync(dir).find((name) => !name.endsWith('.json')) ?? '';
  writeFileSync(join(dir, folder, 'prompts/a.md'), 'Something else\n');
  const changed = await runKeel(['exec', '--json', 'go'], place);
  expect(changed.code).toBe(0);
  const errors = jsonLines(changed.stdout).flatMap(({ item }) => (item?.type === 'error' ? [item['message']] : []));
  expect(`${errors.join('\n')}${changed.stderr}`).toContain('the plugin p is not used, since its files have changed');
  expect(server.requests[2]?.tools.filter(({ name }) => String(name).startsWith('mcp__'))).toEqual([]);
  const doctor = await runKeel(['doctor', '--offline'], place);
  expect(doctor.stdout).toContain('note  configuration: the plugin p is not used');
});
