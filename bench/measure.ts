import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly exitCode: number | null;
  /** From spawn to exit. */
  readonly wallMs: number;
  /** User and system time of the program and the children it waited for. */
  readonly cpuMs: number;
  /** Peak resident memory of the program alone, MiB. */
  readonly peakMiB: number;
  /** `performance.timeOrigin`-based time of the spawn, to set against a server's clock. */
  readonly spawnedAt: number;
  readonly stdoutBytes: number;
  readonly stderr: string;
}

export interface RunOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a program and measures its cost. CPU comes from bash's `times`, memory from the kernel's high-water mark, so that
 * any program can be measured the same way.
 */
export async function run({ argv, cwd, env }: RunOptions): Promise<Usage> {
  const spawnedAt = performance.timeOrigin + performance.now();
  // The inner program's pid goes to fd 3, its CPU times follow there.
  const script = '"$@" <&0 & pid=$!; echo "$pid" >&3; wait "$pid"; code=$?; times >&3; exit "$code"';
  const child = spawn('bash', ['-c', script, 'bash', ...argv], { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let stdoutBytes = 0;
  let stderr = '';
  let report = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    report += chunk.toString();
  });
  let peakKiB = 0;
  const watch = setInterval(() => {
    const pid = report.split('\n')[0];
    if (pid) peakKiB = Math.max(peakKiB, highWaterKiB(pid));
  }, 5);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', (code) => resolve(code));
  const exitCode = await promise;
  clearInterval(watch);
  const wallMs = performance.timeOrigin + performance.now() - spawnedAt;
  return { exitCode, wallMs, cpuMs: cpuOf(report), peakMiB: peakKiB / 1024, spawnedAt, stdoutBytes, stderr };
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - ((sorted.length + 1) % 2)], sorted[middle]];
  return (low + high) / 2;
}

/** The most memory that a running program had, KiB. */
export function highWaterKiB(pid: string): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    // The program has just ended.
    return 0;
  }
}

/** Sum of the second line of bash's `times`: user and system time of the children, as `0m0.042s`. */
function cpuOf(report: string): number {
  const children = report.trim().split('\n').at(-1) ?? '';
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000, 0);
}
