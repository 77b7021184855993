import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { home, live, open, repo, server } = liveSession();

const ok = respond(message('ok'));
const shell = (script: string, id: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, id));
const held = ['sandbox_mode="read-only"', 'approval_policy="untrusted"'];
const questions = () => live.events.filter(({ type }) => type === 'approval.requested');

describe('the user’s rules', () => {
  test('an allowed command runs unasked and with the user’s rights', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(pattern=["touch"])' });
    await open([shell('touch made', 'c1'), ok], { overrides: held });
    await live.say('go');
    expect(questions()).toEqual([]);
    expect(existsSync(join(repo.path, 'made'))).toBe(true);
  });

  test('a program of the workspace does not run with the user’s rights by taking an allowed name', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(pattern=["npm", "test"])' });
    repo.write({ 'bin/npm': '#!/bin/sh\ntouch made\n' });
    chmodSync(join(repo.path, 'bin/npm'), 0o755);
    await open([shell(`${repo.path}/bin/npm test`, 'c1'), ok], { overrides: ['sandbox_mode="read-only"'] });
    await live.say('go');
    expect(existsSync(join(repo.path, 'made'))).toBe(false);
  });

  test('nor does one that was planted where PATH leads first', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(pattern=["npm", "test"])' });
    repo.write({ 'bin/npm': '#!/bin/sh\ntouch made\n' });
    chmodSync(join(repo.path, 'bin/npm'), 0o755);
    const PATH = `${repo.path}/bin:${process.env['PATH']}`;
    const overrides = ['sandbox_mode="read-only"', `shell_environment_policy.set={PATH=${JSON.stringify(PATH)}}`];
    await open([shell('npm test', 'c1'), ok], { overrides });
    await live.say('go');
    expect(existsSync(join(repo.path, 'made'))).toBe(false);
  });

  test('an allowed command runs although it may destroy, where nobody can be asked', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(pattern=["rm", "-rf", "build"])' });
    repo.write({ 'build/x': '', 'src/x': '' });
    const overrides = ['approval_policy="never"', 'sandbox_mode="workspace-write"'];
    await open([shell('rm -rf build', 'c1'), shell('rm -rf src', 'c2'), ok], { overrides });
    await live.say('go');
    expect(existsSync(join(repo.path, 'build'))).toBe(false);
    expect(existsSync(join(repo.path, 'src'))).toBe(true);
  });

  test('nothing is held back where the user chose full access and never to be asked', async () => {
    repo.write({ 'build/x': '' });
    const overrides = ['approval_policy="never"', 'sandbox_mode="danger-full-access"'];
    await open([shell('rm -rf build; git clean -fdx; git reset --hard', 'c1'), ok], { overrides });
    await live.say('go');
    expect(existsSync(join(repo.path, 'build'))).toBe(false);
    expect(String(server.requests[1]?.outputOf('c1'))).toContain('HEAD is now at');
  });

  test('where nobody can be asked, what may be forbidden is refused with the way to write it', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(pattern=["terraform"], decision="forbidden")' });
    await open([shell('x=terra; "$x"form apply', 'c1'), ok], { overrides: ['approval_policy="never"'] });
    await live.say('go');
    expect(String(server.requests[1]?.outputOf('c1'))).toMatch(
      /^rejected: .*may run a command that begins with `terraform`.*Write out every program/,
    );
  });

  test('C29: beside another command it stays held', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(pattern=["touch"])' });
    await open([shell('touch made; cat README.md', 'c1'), ok], { overrides: ['sandbox_mode="read-only"'] });
    await live.say('go');
    expect(existsSync(join(repo.path, 'made'))).toBe(false);
  });

  test('a forbidden command is refused in its own words, wherever in a script it is', async () => {
    home.write({
      'rules/mine.rules': 'prefix_rule(pattern=["terraform"], decision="forbidden", justification="use the pipeline")',
    });
    await open([shell('if true; then terraform apply > log; fi', 'c1'), ok]);
    await live.say('go');
    expect(String(server.requests[1]?.outputOf('c1'))).toMatch(/^rejected: .*use the pipeline/);
  });

  test('C28: a question that a rule caused names its reason, and offers no rule', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(pattern=["echo"], decision="prompt", justification="it shouts")' });
    await open([shell('echo x', 'c1'), ok]);
    const turn = live.say('go');
    const asked = await live.next('approval.requested');
    expect(asked.request).toMatchObject({ reason: expect.stringContaining('it shouts') });
    expect(asked.request).not.toHaveProperty('proposedRule');
    live.answer('c1', { type: 'approved' });
    await turn;
  });

  test('a yes for good is kept as the rule that was shown, and asked for no more', async () => {
    await open([shell('touch one', 'c1'), shell('touch one', 'c2'), ok], {
      overrides: ['approval_policy="untrusted"'],
    });
    const turn = live.say('go');
    const asked = await live.next('approval.requested');
    expect(asked.request).toMatchObject({
      proposedRule: { prefix: ['touch', 'one'], wouldMatch: ['touch one', 'touch one ...'] },
    });
    live.answer('c1', { type: 'approvedAndRemembered' });
    await turn;
    expect(questions()).toHaveLength(1);
    expect(readFileSync(join(home.path, 'rules/default.rules'), 'utf8')).toBe(
      'prefix_rule(pattern=["touch", "one"], decision="allow")\n',
    );
  });

  test('C24: a file that is wrong is reported, and the session continues', async () => {
    home.write({ 'rules/mine.rules': 'prefix_rule(' });
    await open([shell('echo x', 'c1'), ok]);
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    expect(await live.next('warning')).toMatchObject({ message: expect.stringContaining('mine.rules:1:') });
  });

  test('a project’s rules count only where the project is trusted', async () => {
    repo.write({ '.keel/rules/theirs.rules': 'prefix_rule(pattern=["touch"])' });
    await open([shell('touch made', 'c1'), ok], { overrides: ['sandbox_mode="read-only"'] });
    await live.say('go');
    expect(existsSync(join(repo.path, 'made'))).toBe(false);
  });
});
