import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { functionCall, message, respond, startModelServer, usage } from 'keel/testing';
import { expect, test } from 'vitest';
import { KEY, TuiRun } from '../../../../test/support/programs/tui.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { startWorkedFleet } from '../support/worked-fleet.ts';

test('keel resume --fleet opens a thread of a fleet: it is watched, answered and continued', {
  timeout: 60_000,
}, async () => {
  const used = usage({ input: 10, output: 5 });
  await using server = await startModelServer([
    respond(functionCall('shell', { command: ['bash', '-c', 'echo one >> log'] }, 'c1'), used),
    respond(message('the first turn is done'), used),
    respond(message('and so is the second'), used),
  ]);
  await using fleet = await startWorkedFleet(server.url, ['approval_policy="untrusted"']);
  const id = randomUUID();
  await fleet.submit(id, 'write one into the log');
  using home = tempDir();
  const env = { KEEL_FLEET_TOKEN: fleet.token, OPENAI_API_KEY: '' };
  const place = { home: home.path, cwd: home.path, url: 'http://127.0.0.1:9', env };
  await using tui = new TuiRun(['resume', '--fleet', fleet.url, id], place);
  await tui.sees('write one into the log');
  await tui.sees('No, and stop the turn');
  // A dialog takes no key before it has been on the screen for 350 ms: that is the product's rule, and no text says when it is over.
  await delay(400);
  tui.type('y');
  await tui.sees('the first turn is done');
  tui.type('more');
  tui.type(KEY.enter);
  await tui.sees('and so is the second');
  expect(fleet.engine.threads.get(id)).toMatchObject({ owner: 'ann', count: 2 });
  expect(tui.everything()).not.toContain(fleet.token);
});
