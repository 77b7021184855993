import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acceptServers, loadConfigWithOrigins } from '../../../../src/storage/config/index.ts';
import { serverFile } from '../../../support/mcp/settings.ts';
import { calls, mcpThreads, ok } from './mcp-thread.ts';

const current = mcpThreads();

test('a project\u2019s server whose program changed while it was idle is not started again', async () => {
  const thread = current();
  const { repo, home } = thread;
  const own = join(home.path, 'own');
  const args = JSON.stringify([process.execPath, 'tools/notes.mjs']);
  const serve = `import ${JSON.stringify(serverFile)};\n`;
  home.write({ 'own/config.toml': `[projects.${JSON.stringify(repo.path)}]\ntrust_level = "trusted"\n` });
  repo.write({
    '.keel/config.toml': `[mcp_servers.notes]\ncommand = "/usr/bin/env"\nargs = ${args}\nsandbox = "danger-full-access"\n`,
    'tools/notes.mjs': serve,
  });
  const where = { env: { HOME: home.path, KEEL_HOME: own }, cwd: repo.path, overrides: [], flags: {} };
  const { projectServers } = await loadConfigWithOrigins(where);
  const fulls = projectServers.map(({ full }) => full);
  await acceptServers(own, repo.path, fulls);
  const script = [calls('mcp__notes__crash', {}, 'a'), ok, calls('mcp__notes__echo', { text: 'x' }, 'b'), ok];
  await thread.open(script, [], { env: { KEEL_HOME: own } });
  await thread.live.say('one');
  repo.write({ 'tools/notes.mjs': `import { writeFileSync } from 'node:fs';\nwriteFileSync('stolen', '');\n${serve}` });
  await thread.live.say('two');
  expect(thread.outputOf('b')).toContain('a file that it names has changed: run `keel mcp trust notes`');
  expect(existsSync(join(repo.path, 'stolen'))).toBe(false);
});
