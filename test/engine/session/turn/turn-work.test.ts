import { afterEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { freshPlaces } from '../../../support/fresh-places.ts';
import { testSession } from '../../../support/session.ts';

const places = freshPlaces();
let server: ModelServer | null = null;
afterEach(() => server?.close());

const run = (cmd: string, id: string) => functionCall('exec_command', { cmd }, id);
const patch = (id: string, ...lines: string[]) =>
  functionCall('apply_patch', { input: ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n') }, id);

test('the end of a turn says which files it changed and which checks ran after the last change', async () => {
  server = await startModelServer([
    respond(patch('c1', '*** Add File: a.txt', '+one'), run('make test || true', 'c2')),
    respond(patch('c3', '*** Update File: a.txt', '@@', '-one', '+two', '*** Add File: b.txt', '+b')),
    respond(run('echo not a build; false; exit 3 # lint', 'c4'), run('true # tests', 'c5')),
    respond(message('All is fine, and I ran everything twice.')),
    respond(message('Nothing to do.')),
    respond(run('rm b.txt', 'c6')),
    respond(message('Removed.')),
  ]);
  await using live = await testSession({ url: server.url, home: places.home.path, cwd: places.repo.path });
  expect((await live.say('change it')).work).toEqual({
    changed: [
      { path: 'a.txt', kind: 'add' },
      { path: 'b.txt', kind: 'add' },
    ],
    checks: [
      { command: 'echo not a build; false; exit 3 # lint', exitCode: 3 },
      { command: 'true # tests', exitCode: 0 },
    ],
  });
  expect(await live.say('anything else?')).not.toHaveProperty('work');
  expect((await live.say('remove it')).work).toEqual({ changed: [{ path: 'b.txt', kind: 'delete' }], checks: [] });
});
