import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Confinement } from './confinement.ts';
import { type OutputPipe, readerOf } from './output-pipes.ts';
import type { Processes } from './processes.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import { followed, type StartedChild } from './started-child.ts';

/**
 * Starts a program with empty input and its output on pipes, confined if its spec says so.
 * @throws what the system says if it can't be started
 */
export async function startPiped(spec: SpawnSpec, processes: Processes): Promise<StartedChild> {
  if (spec.confinement !== undefined) return startConfined(spec, spec.confinement, processes);
  const pipes = await processes.pipes.take();
  return pipes === null ? overSockets(spec, processes) : overPipes(spec, processes, pipes);
}

/** The pipes are made by the thread that starts it. */
async function startConfined(spec: SpawnSpec, confinement: Confinement, processes: Processes): Promise<StartedChild> {
  const child = await processes.startConfined(spec, confinement, { type: 'pipes' });
  const streams = child.readFds.map((readFd) => readerOf({ readFd }));
  return { pid: child.pid, streams, exited: child.exited };
}

async function overPipes(
  spec: SpawnSpec,
  processes: Processes,
  pipes: readonly [OutputPipe, OutputPipe],
): Promise<StartedChild> {
  const child = spawnOver(spec, processes, pipes);
  return followed(child, pipes.map(readerOf));
}

function spawnOver(spec: SpawnSpec, processes: Processes, pipes: readonly [OutputPipe, OutputPipe]): ChildProcess {
  const [output, errors] = pipes;
  try {
    return processes.spawn(spec, processes.newMark(), ['ignore', output.writeFd, errors.writeFd]);
  } catch (error) {
    for (const { readFd } of pipes) closeSync(readFd);
    throw error;
  } finally {
    // Only the program holds these ends now: they close when it, and all it gave them to, have ended.
    for (const { writeFd } of pipes) closeSync(writeFd);
  }
}

function overSockets(spec: SpawnSpec, processes: Processes): Promise<StartedChild> {
  const child = processes.spawn(spec, processes.newMark(), ['ignore', 'pipe', 'pipe']);
  return followed(
    child,
    [child.stdout, child.stderr].filter((stream) => stream !== null),
  );
}
