import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import type { Confinement } from '../confined/confinement.ts';
import type { Processes } from '../processes.ts';
import type { SpawnSpec } from '../start/spawn-spec.ts';
import { type ExitStatus, followed, type StartedChild } from '../start/started-child.ts';
import { openPseudoTerminal, type PseudoTerminal, resizeTerminal, type TerminalSize } from './pseudo-terminal.ts';

/** How long survivors may hold the terminal open before the program's end is reported. */
const DRAIN_MS = 200;

export interface Terminal {
  readonly pid: number;
  /** Resolves with the exit code; 128 + the signal's number after a signal. */
  readonly ended: Promise<number>;
  write(text: string): void;
  /** Does nothing once the program has ended. */
  resize(size: TerminalSize): void;
}

export interface LinuxTerminalOptions {
  readonly processes: Processes;
  readonly size: TerminalSize;
  readonly onChunk: (chunk: Buffer) => void;
}

/**
 * A terminal that keel opens itself, for what can't be started through node-pty: programs that get descriptors, and those
 * that are confined, which are started on another thread.
 */
export async function openLinuxTerminal(spec: SpawnSpec, options: LinuxTerminalOptions): Promise<Terminal> {
  const { processes, size, onChunk } = options;
  const { masterFd, slaveFd, path } = openPseudoTerminal(size);
  const stream = new ReadStream(masterFd);
  // Linux reports the end of a terminal as an error of reading.
  stream.on('error', () => stream.destroy());
  stream.on('data', onChunk);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  try {
    const child = await start(spec, { slaveFd, path }, processes);
    const ended = drained(child.exited, closed).finally(() => stream.destroy());
    return {
      pid: child.pid,
      ended,
      write: (text) => void stream.write(text),
      resize: (next) => {
        // The descriptor of a stream that is closed may be another file's by now.
        if (!stream.destroyed) resizeTerminal(masterFd, next);
      },
    };
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    closeSync(slaveFd);
  }
}

function start(
  spec: SpawnSpec,
  { slaveFd, path }: Pick<PseudoTerminal, 'slaveFd' | 'path'>,
  processes: Processes,
): Promise<Pick<StartedChild, 'pid' | 'exited'>> {
  const { confinement } = spec;
  if (confinement === undefined) return followed(processes.spawnOnTerminal(spec, processes.newMark(), slaveFd), []);
  return processes.startConfined(spec, withTerminal(confinement, path), { type: 'terminal', fd: slaveFd });
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
