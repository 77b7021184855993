import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { notifyUser } from '../../../../src/engine/session/environment/notifier.ts';
import { loadConfig } from '../../../../src/storage/config/index.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const told = () => join(home.path, 'told');
const lines: string[] = [];
const log = {
  info: () => undefined,
  warn: (line: string) => void lines.push(line),
  error: () => undefined,
  crash: () => undefined,
};

/** What the configured program would get of a turn; `path` is searched before the system's directories. */
async function notify(argv: readonly string[], path: readonly string[] = []): Promise<void> {
  lines.length = 0;
  const config = await loadConfig({
    env: {
      ...{ PATH: [...path, '/usr/bin', '/bin'].join(':'), HOME: home.path, KEEL_HOME: home.path, EDITOR: 'vi' },
      ...{ OPENAI_API_KEY: 'sesame-street', MINE: 'sesame-again', COPY: 'sesame-again', CHAT_TOKEN: 'of-the-user' },
    },
    cwd: repo.path,
    overrides: [
      `notify=${JSON.stringify(argv)}`,
      'model_providers.mine={name="m",base_url="http://127.0.0.1:9/v1",env_key="MINE"}',
    ],
    flags: {},
    systemDir: home.path,
  });
  const turn = { threadId: 't', turnId: '1', cwd: repo.path, inputMessages: ['go'], lastAssistantMessage: 'done' };
  notifyUser(config, turn, log);
}

test('the program gets the turn, and the environment without the keys of providers under any name', async () => {
  await notify(['sh', '-c', `{ echo "$0"; env; } > ${told()}.new && mv ${told()}.new ${told()}`]);
  await expect.poll(() => existsSync(told())).toBe(true);
  const text = readFileSync(told(), 'utf8');
  expect(text).toContain('"type":"agent-turn-complete"');
  expect(text).toMatch(/^EDITOR=vi$/m);
  expect(text).toMatch(/^CHAT_TOKEN=of-the-user$/m);
  expect(text).not.toContain('sesame');
});

test.each([
  ['by its name', () => ['notify-me']],
  ['by a path from the working directory', () => ['./bin/notify-me']],
  ['by its whole path', () => [join(repo.path, 'bin/notify-me')]],
])('none is started that commands could have written, named %s', async (_, argv) => {
  repo.write({ 'bin/notify-me': `#!/bin/sh\ntouch ${told()}\n` });
  chmodSync(join(repo.path, 'bin/notify-me'), 0o755);
  await notify(argv(), [join(repo.path, 'bin')]);
  expect(lines).toEqual([expect.stringMatching(/^notify: .*notify-me.*where commands may write$/)]);
  expect(existsSync(told())).toBe(false);
});
