import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer } from '../../src/testing/index.ts';
import { freshPlaces } from '../support/fresh-places.ts';
import { runKeel } from '../support/keel.ts';

const { home, repo } = freshPlaces();

/** Notes, in a file, the scripts that a run loads and when it is connected to the model: the request is sent right then. */
const NOTES = `
  const vm = require('node:vm');
  const { Socket } = require('node:net');
  const notes = [];
  const { Script } = vm;
  vm.Script = function (source, options) {
    notes.push(String(options.filename).split('/').pop());
    return new Script(source, options);
  };
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (...address) {
    this.once('connect', () => notes.push('CONNECTED'));
    return connect.apply(this, address);
  };
  process.on('exit', () => require('node:fs').writeFileSync(process.env.NOTES, notes.join('\\n')));
`;

async function scriptsOf(args: readonly string[]): Promise<{ readonly before: string[]; readonly after: string[] }> {
  await using server = await startModelServer([
    respond(functionCall('shell', { command: ['true'] })),
    respond(message('done')),
  ]);
  home.write({ 'notes.cjs': NOTES });
  const path = join(home.path, 'notes.txt');
  const env = { NODE_OPTIONS: `--require ${join(home.path, 'notes.cjs')}`, NOTES: path };
  const run = await runKeel(['exec', ...args], { home: home.path, cwd: repo.path, url: server.url, env });
  expect(run).toMatchObject({ code: 0 });
  const notes = readFileSync(path, 'utf8').split('\n');
  const at = notes.indexOf('CONNECTED');
  const names = (some: string[]) => some.map((name) => name.replace(/-.{8}\.cjs$/, ''));
  return { before: names(notes.slice(0, at)), after: names(notes.slice(at + 1)) };
}

test.each([
  { name: 'in a sandbox', args: ['go'] },
  { name: 'without one', args: ['--yolo', 'go'] },
  { name: 'as JSON lines', args: ['--yolo', '--json', 'go'] },
])('what calls need is loaded after the first request: $name', async ({ args }) => {
  const { before, after } = await scriptsOf(args);
  expect(before).toEqual(expect.arrayContaining(['base', 'core']));
  expect(before).not.toContain('later');
  expect(after).toContain('later');
});

test('a thread that is taken up again sends its request before that as well', async () => {
  await scriptsOf(['go']);
  const { before, after } = await scriptsOf(['resume', '--last', 'more']);
  expect(before).not.toContain('later');
  expect(after).toContain('later');
});
