import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The built program. `npm test` builds it first. */
export const keelBin = join(import.meta.dirname, '../../bin/keel.js');

export interface KeelOptions {
  /** keel's home; the user's home as well. */
  readonly home: string;
  readonly cwd: string;
  /** Base URL of the scripted model. */
  readonly url: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What comes in on standard input; null leaves it empty and closed. */
  readonly stdin?: string | null;
}

export interface KeelRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LiveKeel {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<KeelRun>;
}

/** Starts the built program in an environment of its own. */
export function startKeel(args: readonly string[], options: KeelOptions): LiveKeel {
  const child = spawn(process.execPath, [keelBin, ...args], {
    cwd: options.cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: options.home,
      KEEL_HOME: options.home,
      OPENAI_BASE_URL: options.url,
      OPENAI_API_KEY: 'sk-test-secret-1234567890',
      ...options.env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {
    // The program may end without having read all of it.
  });
  const { promise, resolve } = Promise.withResolvers<KeelRun>();
  child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  return { child, stdout: () => stdout, stderr: () => stderr, ended: promise };
}

/** Runs it to its end. */
export function runKeel(args: readonly string[], options: KeelOptions): Promise<KeelRun> {
  const live = startKeel(args, options);
  live.child.stdin.end(options.stdin ?? '');
  return live.ended;
}

export interface JsonLine {
  readonly type: string;
  readonly item?: JsonLine;
  readonly [key: string]: unknown;
}

/** The lines of `--json` output; throws on one that isn't an object with a type. */
export function jsonLines(stdout: string): JsonLine[] {
  return stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (!isJsonLine(value)) throw new Error(`no event: ${line}`);
      return value;
    });
}

function isJsonLine(value: unknown): value is JsonLine {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The rollout files below a home, oldest first. */
export function rolloutsIn(home: string): string[] {
  const dir = join(home, 'sessions');
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => join(dir, name));
}

/** The drafts that are on the disk below a home, as text; empty before the first one is saved. */
export function savedDrafts(home: string): string {
  const dir = join(home, 'drafts');
  if (!existsSync(dir)) return '';
  const names = readdirSync(dir).filter((name) => name.endsWith('.json'));
  return names.map((name) => readFileSync(join(dir, name), 'utf8')).join('\n');
}

/** Processes whose environment holds a text, such as the path of a test's home; but for login shells, which outlive keel on purpose. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
        return environ.includes(text) && !environ.includes('KEEL_LOGIN_SHELL=');
      } catch {
        return false;
      }
    });
}

/** Waits until a condition is true, up to a deadline. */
export async function until(isTrue: () => boolean, deadlineMs = 30_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  // Soon at first, then less often: a look at all processes takes from the time of those that are waited for.
  for (let pauseMs = 2; !isTrue(); pauseMs = Math.min(pauseMs * 1.25, 25)) {
    if (Date.now() > end) throw new Error('the condition did not become true in time');
    await delay(pauseMs);
  }
}
