import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ModelServer, type Script, startModelServer } from '../src/testing/index.ts';
import type { Contestant, Work } from './contestants.ts';
import { run, type Usage } from './measure.ts';

/** What is taken of a run. */
export type Figure = (usage: Usage, server: ModelServer) => number;

/** One run in a home of its own. `prepare` makes the files of the run and returns further variables. */
export async function measure(
  who: Contestant,
  script: Script,
  work: Work,
  figure: Figure,
  prepare: (home: string) => Record<string, string> = () => ({}),
): Promise<number> {
  return inHome(async (home) => {
    await using server = await startModelServer(script);
    const env = { ...benchEnv(home, server.url), ...prepare(home) };
    const result = await run({ argv: who.command(work), cwd: home, env });
    if (result.exitCode !== 0) throw new Error(`${who.name} exited ${result.exitCode}: ${result.stderr.slice(0, 500)}`);
    return figure(result, server);
  });
}

/** keel's compiled code, which a user's home has from the run before. */
const compiled = join(mkdtempSync(join(tmpdir(), 'keel-bench-cache-')), 'cache');
process.once('exit', () => rmSync(dirname(compiled), { recursive: true, force: true }));

/** keel's compiled code is in each home, as it is in a user's. */
export async function inHome<T>(work: (home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'keel-bench-'));
  const own = join(home, 'cache');
  if (existsSync(compiled)) cpSync(compiled, own, { recursive: true });
  try {
    const result = await work(home);
    if (existsSync(own) && !existsSync(compiled)) cpSync(own, compiled, { recursive: true });
    return result;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

export function benchEnv(home: string, url: string): Record<string, string> {
  const request = join(home, 'request.json');
  const body = { model: 'gpt-5-codex', instructions: 'x'.repeat(5_000), input: [], tools: [], stream: true };
  writeFileSync(request, JSON.stringify(body));
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    KEEL_HOME: home,
    CODEX_HOME: home,
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: 'bench',
    CODEX_API_KEY: 'bench',
    BENCH_REQUEST: request,
  };
}
