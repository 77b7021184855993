import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { testSession } from '../../../support/session.ts';
import { gitRepository, tempDir } from '../../../support/temp-dir.ts';

/** What a front end sees of a command that it is asked about, without texts and times. */
async function shown(mode: 'workspace-write' | 'danger-full-access'): Promise<string[]> {
  using home = tempDir();
  using repo = gitRepository();
  const call = functionCall('shell', { command: ['bash', '-c', 'echo hello > made; cat made'] }, 'c1');
  await using server = await startModelServer([respond(call), respond(message('done'))]);
  const overrides = [`sandbox_mode="${mode}"`, 'approval_policy="untrusted"'];
  await using live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides });
  const turn = live.say('go');
  await live.next('approval.requested');
  live.answer('c1', { type: 'approved' });
  expect(await turn).toMatchObject({ status: 'completed' });
  return live.events.flatMap((event) => {
    if (event.type === 'item.completed' && event.item.type === 'commandExecution')
      return [`${event.type} ${event.item.status} ${event.item.exitCode} ${event.item.aggregatedOutput}`];
    if (event.type === 'item.started' || event.type === 'item.completed') return [`${event.type} ${event.item.type}`];
    return event.type.startsWith('approval') || event.type.startsWith('turn') ? [event.type] : [];
  });
}

test('R4, R5: whatever holds a command, a front end sees the same events in the same order', async () => {
  const held = await shown('workspace-write');
  expect(held).toContain('item.completed completed 0 hello\n');
  expect(await shown('danger-full-access')).toEqual(held);
});
