import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DyingSession } from './dying-session.ts';

/** Runs a session in a process of its own until it kills itself. @returns the thread's id */
export async function untilDeath(how: DyingSession): Promise<string> {
  const program = join(import.meta.dirname, 'dying-session.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(how)]);
  let said = '';
  let faults = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    faults += text;
  });
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals | null>();
  child.once('close', (_code, signal) => resolve(signal));
  expect(await promise, faults).toBe('SIGKILL');
  return said.trim();
}
