import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
} from '../../src/testing/index.ts';
import { runKeel } from '../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server?.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** Bytes of each module that is compiled, one a line: the grammar has over a million, Node's own parsers some thousand. */
const SPY = `
const { compile, instantiate } = WebAssembly;
const note = (source) => require('node:fs').appendFileSync(process.env.SPY_FILE, (source.byteLength ?? 0) + '\\n');
WebAssembly.compile = (...args) => { note(args[0]); return compile(...args); };
WebAssembly.instantiate = (...args) => { note(args[0]); return instantiate(...args); };
`;

async function compiledBytes(script: Script): Promise<number[]> {
  home.write({ 'spy.cjs': SPY });
  const file = join(home.path, 'compiled');
  server = await startModelServer(script);
  const env = { NODE_OPTIONS: `--require ${join(home.path, 'spy.cjs')}`, SPY_FILE: file };
  const run = await runKeel(['exec', 'go'], { home: home.path, cwd: repo.path, url: server.url, env });
  expect(run.code).toBe(0);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

const shell = (script: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, 'c1'));
const LARGE = 500_000;

test('C32: the grammar of bash is loaded by the first script that needs it, not before', async () => {
  const plan = functionCall('update_plan', { plan: [{ step: 'look', status: 'pending' }] }, 'c0');
  expect((await compiledBytes([respond(plan), respond(message('ok'))])).filter((bytes) => bytes > LARGE)).toEqual([]);
  await server.close();
  expect((await compiledBytes([shell('ls | head'), respond(message('ok'))])).filter((bytes) => bytes > LARGE)).toEqual(
    [],
  );
  await server.close();
  const needing = await compiledBytes([shell('for f in *; do echo $f; done'), respond(message('ok'))]);
  expect(needing.filter((bytes) => bytes > LARGE)).toHaveLength(1);
});

test('C32: a grammar that was loaded does not hold up the end of the process', () => {
  const load = `const { BashGrammar } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/tools/approvals/shell/bash-grammar.ts'))}); (await BashGrammar.load()).parse('for x in a; do ls; done');`;
  /** Milliseconds from the last statement to the end, the least of several runs: the machine may be busy. */
  const ending = (source: string) => {
    const runs = Array.from({ length: 5 }, () => {
      const args = ['--input-type=module', '-e', `${source} process.stdout.write(String(Date.now()))`];
      const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      return Date.now() - Number(stdout);
    });
    return Math.min(...runs);
  };
  expect(ending(load) - ending('')).toBeLessThan(50);
});
