import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A clone that takes longer is stuck, ms. */
const LONGEST_MS = 30 * 60_000;
/** Nothing of a repository runs while its work tree is made: no hook, no helper that its URL names. */
const HARMLESS = ['-c', 'core.hooksPath=/dev/null', '-c', 'protocol.ext.allow=never', '-c', 'core.fsmonitor=false'];

/** A work tree could not be made; the message is git's, without what a URL has of a password. */
export class PlaceError extends Error {}

/** @throws PlaceError */
export async function git(args: readonly string[], signal: AbortSignal): Promise<void> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  try {
    await run('git', [...HARMLESS, ...args], { env, signal, timeout: LONGEST_MS, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    signal.throwIfAborted();
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new PlaceError(`git ${args[0]} failed: ${withoutPasswords(text).trim().slice(-500)}`);
  }
}

function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//');
}
