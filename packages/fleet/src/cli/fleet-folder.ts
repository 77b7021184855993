import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import type { Env } from '../settings.ts';

/** A command can't do what it was asked; the message says why. Exit code 1. */
export class CommandError extends Error {}

/** No fleet runs on this machine. */
export class NoFleet extends CommandError {}

/** What a fleet on this machine says of itself in its folder, while it runs. */
const Running = z.object({
  pid: z.number(),
  ingress: z.string(),
  admin: z.string(),
  front: z.string(),
  token: z.string(),
  workers: z.record(z.string(), z.number()),
});
export type Running = z.infer<typeof Running>;

export function fleetFolder(given: string | undefined, env: Env): string {
  return resolve(given ?? env['KEEL_FLEET_DIR'] ?? join(homedir(), '.keel-fleet'));
}

/** Written by `up`; read by all other commands. */
export function noteRunning(dir: string, running: Running): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'running.json'), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
}

/** @throws NoFleet */
export function runningFleet(dir: string): Running {
  const path = join(dir, 'running.json');
  const running = existsSync(path) ? Running.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data : undefined;
  if (running !== undefined && isAlive(running.pid)) return running;
  throw new NoFleet(
    `no fleet runs in ${dir}: start one with \`keel-fleet up\`, or name another folder with --dir, or an installed fleet with --url`,
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
