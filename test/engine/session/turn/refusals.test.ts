import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { live, open, repo, server } = liveSession();
const outside = freshDirectory();

const ok = respond(message('ok'));
const held = [
  'sandbox_mode="workspace-write"',
  'sandbox_workspace_write.exclude_slash_tmp=true',
  'sandbox_workspace_write.exclude_tmpdir_env_var=true',
];
const outputOf = (request: number, id: string) => String(server.requests[request]?.outputOf(id));

describe('P14: what the model learns of a refusal of the sandbox', () => {
  const write = () => respond(functionCall('shell', { command: ['touch', join(outside.path, 'x')] }, 'c1'));

  test('under on-request one line names it, and what can be done', async () => {
    await open([write(), ok], { overrides: [...held, 'approval_policy="on-request"'] });
    await live.say('go');
    const note = `The sandbox refused this: writing to ${join(outside.path, 'x')}. If the task needs it, repeat the call`;
    expect(outputOf(1, 'c1').split(note)).toHaveLength(2);
  });

  test('under never, or where nobody can be asked, nothing is added', async () => {
    await open([write(), write(), ok], { overrides: [...held, 'approval_policy="never"'] });
    await live.say('go');
    expect(outputOf(1, 'c1')).toContain('touch: cannot touch');
    expect(outputOf(1, 'c1')).not.toMatch(/sandbox/i);
  });

  test('a network that is not there is named under any policy, also where a command waited for it', async () => {
    const lookUp = { command: ['bash', '-c', 'echo getaddrinfo EAI_AGAIN a.test >&2; exit 1'] };
    const waiting = {
      command: ['bash', '-c', 'echo trouble with your network connection; sleep 30'],
      timeout_ms: 1_500,
    };
    await open([respond(functionCall('shell', lookUp, 'c1')), respond(functionCall('shell', waiting, 'c2')), ok], {
      overrides: [...held, 'approval_policy="never"'],
    });
    await live.say('go');
    const note = 'There is no access to the network. Waiting or another try does not help.';
    expect(outputOf(1, 'c1')).toContain(note);
    expect(outputOf(2, 'c2')).toContain('Killed at its time limit of 1500 ms');
    expect(outputOf(2, 'c2')).toContain(note);
    expect(outputOf(2, 'c2')).not.toContain('timeout_ms');
  });

  test('a session is watched as long as it lives', async () => {
    const cmd = `until test -e go; do sleep 0.02; done; touch ${join(outside.path, 'x')}`;
    const letGo = () => {
      repo.write({ go: '' });
      return respond(functionCall('write_stdin', { session_id: 1, yield_time_ms: 30_000 }, 'c2'));
    };
    const start = respond(functionCall('exec_command', { cmd, yield_time_ms: 250 }, 'c1'));
    await open((_, index) => (index === 0 ? start : index === 1 ? letGo() : ok), {
      overrides: [...held, 'approval_policy="on-request"', 'model="gpt-5.1-codex"'],
    });
    await live.say('go');
    expect(outputOf(1, 'c1')).toContain('Still running as session 1');
    expect(outputOf(1, 'c1')).not.toContain('The sandbox refused this');
    expect(outputOf(2, 'c2')).toContain(`The sandbox refused this: writing to ${join(outside.path, 'x')}`);
  });
});

test('T15: exec_command follows the same matrix: stopped under on-failure, it asks, and runs outside after a yes', async () => {
  const cmd = `touch ${join(outside.path, 'x')} && echo made`;
  await open([respond(functionCall('exec_command', { cmd }, 'c1')), ok], {
    overrides: [...held, 'approval_policy="on-failure"', 'model="gpt-5.1-codex"'],
  });
  const turn = live.say('go');
  const asked = await live.next('approval.requested');
  expect(asked.request).toMatchObject({ escalated: true, reason: 'command failed; retry without sandbox?' });
  live.answer('c1', { type: 'approved' });
  await turn;
  expect(outputOf(1, 'c1')).toContain('made');
  expect(live.events.filter(({ type }) => type === 'approval.requested')).toHaveLength(1);
});
