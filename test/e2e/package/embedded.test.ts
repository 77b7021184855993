import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { gitRepository, keelHome } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

/** The output of a program that imports the built keel by its name and ends by itself. */
const program = `
import { Keel, KeelError } from 'keel';
import { SessionEvent } from 'keel/protocol';
const keel = new Keel({ cwd: process.env.REPOSITORY });
const types = [];
{
  await using thread = await keel.startThread();
  for await (const event of thread.runStreamed('hi')) types.push(SessionEvent.parse(event).type);
}
const refusal = await keel.resumeThread('nobody').catch((error) => error);
console.log(JSON.stringify({ first: types[0], last: types.at(-1), known: refusal instanceof KeelError }));
`;

test('the built package is taken by its name, and leaves nothing that keeps the program from ending', async () => {
  await using server = await startModelServer([respond(message('hello'), usage({ input: 1, output: 1 }))]);
  using home = keelHome();
  using repo = gitRepository();
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    timeout: 20_000,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      KEEL_HOME: home.path,
      REPOSITORY: repo.path,
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'test',
    },
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ first: 'turn.started', last: 'turn.completed', known: true });
});

const failing = {
  'opening a thread': `await new Keel({ home: '/nowhere' }).startThread();`,
  'a turn': `const thread = await new Keel().startThread();
try { await thread.run('hi'); } finally { await thread.close(); }`,
  'a streamed turn': `const thread = await new Keel().startThread();
try { for await (const _ of thread.runStreamed('')); } finally { await thread.close(); }`,
  'a closed thread': `const thread = await new Keel().startThread();
await thread.close();
thread.configure({ model: 'x' });`,
};

test.each(Object.entries(failing))('an error that nobody catches shows the line of the program: %s', (_, code) => {
  using home = keelHome();
  using repo = gitRepository();
  mkdirSync(join(repo.path, 'node_modules'));
  symlinkSync(root, join(repo.path, 'node_modules/keel'));
  repo.write({ 'main.mjs': `import { Keel } from 'keel';\n${code}\n` });
  const { stderr, status } = spawnSync(process.execPath, ['main.mjs'], {
    cwd: repo.path,
    encoding: 'utf8',
    timeout: 20_000,
    env: { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path },
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/main\.mjs:\d+\n.+\n *\^+\n\nKeelError: .+\n {4}at .*main\.mjs/);
  expect(stderr).not.toContain('/dist/');
});
