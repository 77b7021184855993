import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../../../src/storage/config/index.ts';
import { StatusCommand } from '../../../../src/surfaces/tui/effects/status-command.ts';
import { statusInput } from '../../../../src/surfaces/tui/view/status-input.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';
import { until } from '../../../support/keel.ts';
import { Driver } from '../driver.ts';

const home = freshDirectory();
const lines: string[] = [];
let command: StatusCommand | null = null;
afterEach(() => {
  command?.close();
  lines.length = 0;
});

function config(): Promise<Config> {
  const env = { PATH: '/usr/bin:/bin', KEEL_HOME: home.path, OPENAI_API_KEY: 'test' };
  return loadConfig({ env, cwd: home.path, overrides: [], flags: {}, systemDir: home.path });
}

function input(sessionId: string) {
  const known = statusInput(Driver.ready().state);
  if (known === null) throw new Error('no thread is open');
  return { ...known, session_id: sessionId };
}

test('changes that follow each other quickly run the command once, with the newest', async () => {
  const settings = await config();
  command = new StatusCommand((line) => lines.push(line));
  const script = 'echo run >> runs; grep -o \'"session_id":"[^"]*"\'';
  for (const id of ['one', 'two', 'three']) command.run(script, input(id), settings);
  await until(() => lines.length > 0);
  expect(lines).toEqual(['"session_id":"three"']);
  expect(readFileSync(join(home.path, 'runs'), 'utf8')).toBe('run\n');
});

test('a command that does not end is ended, and the one for the newest change runs', async () => {
  const settings = await config();
  command = new StatusCommand((line) => lines.push(line), { restMs: 1, timeoutMs: 1_000 });
  command.run('echo early; touch started; sleep 300', input('one'), settings);
  await until(() => existsSync(join(home.path, 'started')));
  command.run('echo late', input('two'), settings);
  await until(() => lines.length > 0);
  expect(lines).toEqual(['late']);
});
