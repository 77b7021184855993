import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository({ 'README.md': 'test\n', 'a.bin': 'x\n' });
  // What a setting of the repository would start.
  repo.write({ 'evil.sh': '#!/bin/sh\ntouch "$(dirname "$0")/started"\necho /\n', 'a.bin': 'y\n' });
  chmodSync(join(repo.path, 'evil.sh'), 0o755);
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

function config(file: string, name: string, value: string): void {
  execFileSync('git', ['config', '--file', join(repo.path, file), name, value]);
}

/** Runs a script under `untrusted`; the user says no to whatever they are asked. */
async function courseOf(
  script: string,
): Promise<{ readonly asked: boolean; readonly started: boolean; readonly output: string }> {
  server = await startModelServer([
    respond(functionCall('shell', { command: ['bash', '-c', script] }, 'c1')),
    respond(message('ok')),
  ]);
  const overrides = ['approval_policy="untrusted"', 'sandbox_mode="workspace-write"'];
  await using live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides });
  void live.next('approval.requested').then(() => {
    live.answer('c1', { type: 'denied' });
  });
  await live.say('go');
  return {
    asked: live.events.some(({ type }) => type === 'approval.requested'),
    started: existsSync(join(repo.path, 'started')),
    output: String(server.requests[1]?.outputOf('c1')),
  };
}

test('git that only reads starts nothing that settings of the repository name', async () => {
  const evil = join(repo.path, 'evil.sh');
  for (const name of ['core.fsmonitor', 'core.pager', 'pager.log', 'gpg.program', 'core.sshCommand']) {
    config('.git/config', name, evil);
  }
  config('.git/config', 'log.showSignature', 'true');
  const course = await courseOf('git status && git log && git diff && git show && git branch');
  expect(course).toMatchObject({ asked: false, started: false });
  expect(course.output).toContain('start');
});

test.each([
  ['diff.external', 'git diff'],
  ['diff.evil.textconv', 'git diff'],
  ['diff.evil.command', 'git -C . diff'],
  ['filter.evil.clean', 'git status'],
  ['include.path', 'cd . && git log'],
])('git is asked about where the repository has a setting %s, which nothing switches off', async (name, script) => {
  config('.git/config', name, join(repo.path, 'evil.sh'));
  repo.write({ '.gitattributes': '*.bin diff=evil filter=evil\n' });
  expect(await courseOf(script)).toMatchObject({ asked: true, started: false });
});

test.each(['cd carried && git status', 'git -C carried status', 'git -C carried/objects log'])(
  'a bare repository that lies among the files of the project is asked about: %s',
  async (script) => {
    mkdirSync(join(repo.path, 'carried'));
    execFileSync('git', ['init', '--quiet', '--bare', join(repo.path, 'carried')]);
    config('carried/config', 'core.fsmonitor', join(repo.path, 'evil.sh'));
    config('carried/config', 'core.worktree', repo.path);
    config('carried/config', 'core.bare', 'false');
    expect(await courseOf(script)).toMatchObject({ asked: true, started: false });
  },
);

test('a planted program of a reading name is asked about', async () => {
  repo.write({ 'bin/ls': '#!/bin/sh\ntouch started\n' });
  chmodSync(join(repo.path, 'bin/ls'), 0o755);
  home.write({
    'config.toml': `shell_environment_policy.set = { PATH = "${repo.path}/bin:${process.env['PATH']}" }\n`,
  });
  expect(await courseOf('ls')).toMatchObject({ asked: true, started: false });
});
