import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { until } from '../../../support/keel.ts';
import { testSession } from '../../../support/session.ts';
import { gitRepository, tempDir } from '../../../support/temp-dir.ts';

const TWENTY_DAYS_MS = 20 * 24 * 3_600_000;

test('a session removes old undo snapshots of other threads, also where it takes none itself', async () => {
  using home = tempDir();
  using repo = gitRepository();
  const shell = (script: string, id: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, id));
  const ok = respond(message('ok'));
  const server = await startModelServer([shell('echo 1 > a', 'c1'), ok, shell('echo 2 > a', 'c2'), ok, ok]);
  const options = { url: server.url, home: home.path, cwd: repo.path };
  try {
    {
      await using earlier = await testSession({ ...options, overrides: ['features.undo=true'] });
      await earlier.say('one');
      await earlier.say('two');
    }
    const [store = ''] = readdirSync(join(home.path, 'undo')).filter((name) => /^[0-9a-f]{24}$/.test(name));
    const refs = join(home.path, 'undo', store, 'refs', 'snapshots');
    const [old = '', ...young] = readdirSync(refs);
    expect(young).toHaveLength(1);
    const then = new Date(Date.now() - TWENTY_DAYS_MS);
    utimesSync(join(refs, old), then, then);
    // The earlier session may have tidied today.
    rmSync(join(home.path, 'undo', 'tidied'), { force: true });
    await using later = await testSession({ ...options, overrides: ['features.ghost_commit=false'] });
    await later.say('three');
    await until(() => !existsSync(join(refs, old)), 20_000);
    expect(readdirSync(refs)).toEqual(young);
  } finally {
    await server.close();
  }
});
