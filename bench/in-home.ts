import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ModelServer, type Script, startModelServer } from '../src/testing/index.ts';
import type { Contestant, Work } from './contestants.ts';
import { run, type Usage } from './measure.ts';

/** What is taken of a run. */
export type Figure = (usage: Usage, server: ModelServer) => number;

/**
 * `used`: as a user's home is, with what earlier runs left in keel's cache: compiled code, what the login shell sets.
 * `new`: empty.
 */
export type HomeState = 'used' | 'new';

/** What a run has besides its home. */
export interface Place {
  /** The working directory; absent: the home. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface MeasureOptions {
  /** Default `used`. */
  readonly home?: HomeState;
  /** Makes the files of the run. */
  readonly prepare?: (home: string) => Place;
}

/** One run, in a home that has nothing of another thread. */
export async function measure(
  who: Contestant,
  script: Script,
  work: Work,
  figure: Figure,
  { home: state = 'used', prepare = () => ({}) }: MeasureOptions = {},
): Promise<number> {
  return inHome(async (home) => {
    await using server = await startModelServer(script);
    const { cwd = home, env = {} } = prepare(home);
    const result = await run({ argv: who.command(work), cwd, env: { ...benchEnv(home, server.url), ...env } });
    if (result.exitCode !== 0) throw new Error(`${who.name} exited ${result.exitCode}: ${result.stderr.slice(0, 500)}`);
    return figure(result, server);
  }, state);
}

const CACHE = 'cache';
/** One path for all runs: what a login shell answers is kept for its `HOME`. */
const usedHome = join(mkdtempSync(join(tmpdir(), 'keel-bench-')), 'home');
process.once('exit', () => rmSync(dirname(usedHome), { recursive: true, force: true }));

export async function inHome<T>(work: (home: string) => Promise<T>, state: HomeState = 'used'): Promise<T> {
  const home = state === 'used' ? usedHome : mkdtempSync(join(tmpdir(), 'keel-bench-'));
  mkdirSync(home, { recursive: true, mode: 0o700 });
  try {
    return await work(home);
  } finally {
    if (state === 'new') rmSync(home, { recursive: true, force: true });
    else for (const name of readdirSync(home)) if (name !== CACHE) rmSync(join(home, name), { recursive: true });
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
