import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { functionCall, message, respond, type Script, startModelServer, usage } from '../../src/testing/index.ts';
import { samplesOf } from '../support/doc-pages.ts';
import { freshPlaces } from '../support/fresh-places.ts';
import { keelBin } from '../support/keel.ts';

const { home, repo } = freshPlaces();
const run = promisify(execFile);
/** Several runs of keel, on a machine that may be busy. */
const slow = { timeout: 120_000 };
const ok = respond(message('ok'), usage({ input: 10, output: 1 }));

/** Runs the first example of a page as it is written. @returns what it printed, and what the model was sent */
async function runExample(page: string, script: Script) {
  await using server = await startModelServer(script);
  // `keel` is this build.
  repo.write({ 'bin/keel': `#!/bin/sh\nexec '${process.execPath}' '${keelBin}' "$@"\n` });
  const [example] = samplesOf(`docs/${page}.md`, ['sh']);
  const { stdout } = await run('sh', ['-c', `set -e\nkeel() { sh "$PWD/bin/keel" "$@"; }\n${example?.code}`], {
    cwd: repo.path,
    env: {
      ...{ PATH: process.env['PATH'], HOME: home.path },
      ...{ OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-test-secret-1234567890' },
    },
  });
  return { stdout, requests: server.requests };
}

test('the example of docs/hooks.md: the hook refuses the push, and the model gets its reason', slow, async () => {
  const push = functionCall('exec_command', { cmd: 'git push origin main' }, 'call_1');
  const { stdout, requests } = await runExample('hooks', [respond(push), ok]);
  expect(stdout).toMatch(/PreToolUse/);
  expect(requests[1]?.outputOf('call_1')).toContain('Pushing is left to people. Say that the branch is ready.');
});

test(
  'the example of docs/mcp.md: the server is added, answers a test, and the model calls its tool',
  slow,
  async () => {
    const call = functionCall('mcp__notes__today', {}, 'call_1');
    const { stdout, requests } = await runExample('mcp', [respond(call), ok]);
    expect(stdout).toContain('today');
    expect(requests[1]?.outputOf('call_1')).toContain('Release 1.3, then lunch.');
  },
);
