import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

interface Course {
  readonly asked: boolean;
  readonly output: string;
}

/** What becomes of one command; the user says no to whatever they are asked. */
async function courseOf(args: Readonly<Record<string, unknown>>, ...overrides: string[]): Promise<Course> {
  server = await startModelServer([respond(functionCall('shell', args, 'c1')), respond(message('ok'))]);
  await using live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides });
  void live.next('approval.requested').then(() => {
    live.answer('c1', { type: 'denied' });
  });
  await live.say('go');
  const asked = live.events.some(({ type }) => type === 'approval.requested');
  return { asked, output: String(server.requests[1]?.outputOf('c1')) };
}

test.each([
  ['C12', ['ls'], 'untrusted', false],
  ['C12', ['npm', 'test'], 'untrusted', true],
  ['C13', ['npm', 'test'], 'on-request', false],
  ['C13', ['git', 'reset', '--hard'], 'on-request', true],
] as const)('%s: whether %j is asked about under %s: %s', async (_id, command, policy, asked) => {
  expect((await courseOf({ command }, `approval_policy="${policy}"`)).asked).toBe(asked);
});

test('C15: escalation under never is refused, whatever the command is', async () => {
  const command = ['bash', '-c', 'echo "unfinished'];
  const { asked, output } = await courseOf({ command, with_escalated_permissions: true }, 'approval_policy="never"');
  expect(asked).toBe(false);
  expect(output).toMatch(/^approval policy is Never: a call can't ask for escalation under it/);
});
