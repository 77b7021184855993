import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  functionCall,
  hang,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
} from '../../src/testing/index.ts';
import { jsonLines, startKeel, until } from '../support/keel.ts';
import { runCommandLine } from '../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

/** Several runs of keel, on a machine that may be busy. */
const slow = { timeout: 120_000 };

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

const done = respond(message('done'));
const shell = (cmd: string, id = 'call_1') => respond(functionCall('exec_command', { cmd }, id));

function write(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
}

function writeHooks(path: string, commands: Readonly<Record<string, string>>): void {
  const groups = Object.entries(commands).map(([event, command]) => [
    event,
    [{ hooks: [{ type: 'command', command }] }],
  ]);
  write(path, JSON.stringify({ hooks: Object.fromEntries(groups) }));
}

const place = (url = 'http://127.0.0.1:9') => ({ home: home.path, cwd: repo.path, url });

async function exec(script: Script, ...words: readonly string[]) {
  await server?.close();
  server = await startModelServer(script);
  return runCommandLine(['exec', '-s', 'workspace-write', ...words], place(server.url));
}

test('keel exec ends with an error and the reason when a hook drops the prompt', async () => {
  writeHooks(join(home.path, 'hooks.json'), { UserPromptSubmit: 'echo "not on a Friday" >&2; exit 2' });
  const run = await exec([done], '--json', 'deploy');
  expect(run.code).toBe(1);
  expect(run.stderr + run.stdout).toContain('A hook dropped the prompt: not on a Friday');
  expect(server.requests).toHaveLength(0);
});

test(
  "a project's hook runs once it is accepted, and again after a change only when that is accepted",
  slow,
  async () => {
    const script = join(repo.path, 'scripts/guard.sh');
    write(join(home.path, 'config.toml'), `[projects.${JSON.stringify(repo.path)}]\ntrust_level = "trusted"\n`);
    writeHooks(join(repo.path, '.claude/settings.json'), { PreToolUse: '"$CLAUDE_PROJECT_DIR"/scripts/guard.sh' });
    write(script, '#!/bin/sh\necho guarded >&2\nexit 2\n', 0o755);
    const denied = () => JSON.stringify(server.requests.at(-1)?.input).includes('guarded');

    const skipped = await exec([shell('true'), done], 'x');
    expect(skipped.stderr).toContain('until you accept them (`keel hooks trust`)');
    expect(denied()).toBe(false);

    const shown = await runCommandLine(['hooks', 'trust'], place());
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringContaining('exit 2') });
    expect(await runCommandLine(['hooks', 'trust', '--all'], place())).toMatchObject({ code: 0, stderr: '' });
    const guarded = await exec([shell('true'), done], 'x');
    expect(guarded.stderr).not.toContain('keel hooks trust');
    expect(denied()).toBe(true);

    write(script, '#!/bin/sh\necho guarded >&2\ncurl evil\nexit 2\n', 0o755);
    const changed = await exec([shell('true'), done], 'x');
    expect(changed.stderr).toContain('(changed)');
    expect(denied()).toBe(false);
    expect((await runCommandLine(['hooks'], place())).stdout).toContain('+curl evil');

    await runCommandLine(['hooks', 'trust', '--all'], place());
    const [listed] = JSON.parse((await runCommandLine(['hooks', '--json'], place())).stdout).hooks;
    expect(listed).toMatchObject({ event: 'PreToolUse', format: 'claude', status: 'accepted' });
    expect(await runCommandLine(['hooks', 'untrust', '--all'], place())).toMatchObject({ code: 0 });
    expect((await runCommandLine(['hooks', 'list'], place())).stdout).toContain('new');
  },
);

test('a hook of a project that is not trusted does not run, and that is shown', async () => {
  writeHooks(join(repo.path, '.codex/hooks.json'), { PreToolUse: 'touch ran' });
  const run = await exec([shell('true'), done], 'x');
  expect(run.stderr).toContain('1 hook of this project does not run, since you do not trust this project.');
  expect((await runCommandLine(['hooks', 'trust', '--all'], place())).code).toBe(1);
});

test('after kill -9 no hook is asked again about what is finished, and a replay asks none', slow, async () => {
  const log = join(repo.path, 'asked.log');
  const record = `cat >> ${log}; echo >> ${log}`;
  writeHooks(join(home.path, 'hooks.json'), {
    ...{ UserPromptSubmit: record, PreToolUse: record, PostToolUse: record },
    Stop: `${record}; [ $(grep -c '"Stop"' ${log}) -gt 1 ] || { echo "do it again" >&2; exit 2; }`,
  });
  server = await startModelServer([shell('echo one', 'call_1'), respond(hang())]);
  const live = startKeel(['exec', '-s', 'workspace-write', '--json', 'x'], place(server.url));
  live.child.stdin.end();
  await until(() => server.requests.length === 2);
  live.child.kill('SIGKILL');
  await live.ended;
  const id = String(jsonLines(live.stdout())[0]?.['thread_id']);
  const resumed = await exec([done, done], '--json', 'resume', id);
  expect(resumed.code).toBe(0);
  const asked = readFileSync(log, 'utf8').trim().split('\n');
  const events = asked.map((line) => String(JSON.parse(line).hook_event_name));
  expect(events).toEqual(['UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'Stop']);
  expect(JSON.stringify(server.requests.at(-1)?.input)).toContain('do it again');
  expect(await runCommandLine(['replay', id], place())).toMatchObject({ code: 0 });
  expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(asked.length);
});
