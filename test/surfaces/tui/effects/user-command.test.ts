import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/storage/config/index.ts';
import { runUserCommand } from '../../../../src/surfaces/tui/effects/user-command.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';
import { until } from '../../../support/keel.ts';

const home = freshDirectory();
const HOSTILE = '"; touch hacked; $(touch hacked) `touch hacked` \'';

async function ran(command: string, args: readonly string[] = [], signal = new AbortController().signal) {
  const env = { PATH: '/usr/bin:/bin', HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'sk-secret' };
  const config = await loadConfig({ env, cwd: home.path, overrides: [], flags: {}, systemDir: home.path });
  return await runUserCommand(command, { input: 'given', args }, config, signal);
}

describe('a command of the user', () => {
  test.each([
    ['cat', 'given'],
    ['echo one; echo two', 'one'],
    ['echo "[$OPENAI_API_KEY]"', '[]'],
    ['pwd', 'HOME'],
    ['echo printed; exit 3', ''],
    ['no-such-program', ''],
    ['true', ''],
    ['exec <&-; echo unread', 'unread'],
  ])('%s prints "%s"', async (command, line) => {
    expect(await ran(command)).toBe(line.replace('HOME', home.path));
  });

  test('gets a text as an argument, and runs nothing of it', async () => {
    expect(await ran('printf %s "$1"', [HOSTILE])).toBe(HOSTILE);
    expect(existsSync(join(home.path, 'hacked'))).toBe(false);
  });

  test('is ended with all that it started', async () => {
    const stop = new AbortController();
    const running = ran('sleep 300 & echo $! > pid; wait', [], stop.signal);
    const path = join(home.path, 'pid');
    await until(() => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'));
    stop.abort();
    expect(await running).toBe('');
    const pid = Number(readFileSync(path, 'utf8'));
    await until(() => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
  });

  test('is not started when nobody waits any more', async () => {
    expect(await ran('touch started', [], AbortSignal.abort())).toBe('');
    expect(existsSync(join(home.path, 'started'))).toBe(false);
  });
});
