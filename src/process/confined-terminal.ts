import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { openPseudoTerminal, type TerminalSize } from './confined/pseudo-terminal.ts';
import type { Confinement } from './confinement.ts';
import type { Processes } from './processes.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import type { ExitStatus } from './started-child.ts';
import type { Terminal } from './terminal.ts';

/** How long survivors may hold the terminal open before the program's end is told. */
const DRAIN_MS = 200;

export interface ConfinedTerminalOptions {
  readonly confinement: Confinement;
  readonly processes: Processes;
  readonly size: TerminalSize;
  readonly onChunk: (chunk: Buffer) => void;
}

/** The same as `openTerminal` for a program that is confined: the terminal is opened here, the program started there. */
export async function openConfinedTerminal(spec: SpawnSpec, options: ConfinedTerminalOptions): Promise<Terminal> {
  const { confinement, processes, size, onChunk } = options;
  const { masterFd, slaveFd, path } = openPseudoTerminal(size);
  const stream = new ReadStream(masterFd);
  // Linux reports the end of a terminal as an error of reading.
  stream.on('error', () => stream.destroy());
  stream.on('data', onChunk);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  try {
    const child = await processes.startConfined(spec, withTerminal(confinement, path), {
      type: 'terminal',
      fd: slaveFd,
    });
    const ended = drained(child.exited, closed).finally(() => stream.destroy());
    return { pid: child.pid, ended, write: (text) => void stream.write(text) };
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    closeSync(slaveFd);
  }
}

/** The program's own terminal, which it may open again by its name: it takes a thread of its own to allow that. */
function withTerminal(confinement: Confinement, path: string): Confinement {
  opened += 1;
  const writable = [...confinement.writable, { path, rights: 'device' as const }];
  return { ...confinement, writable, identity: `${confinement.identity} terminal ${opened}` };
}

/** Names of terminals come back: each one counts as another. */
let opened = 0;

async function drained(exited: Promise<ExitStatus>, closed: Promise<unknown>): Promise<number> {
  const { exitCode } = await exited;
  await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })]);
  return exitCode;
}
