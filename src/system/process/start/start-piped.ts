import type { Confinement } from '../confined/confinement.ts';
import type { Processes } from '../processes.ts';
import { closeEnd, outputPipes, type Pipe, readerOf } from './pipe.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import { followed, type StartedChild } from './started-child.ts';

/**
 * Starts a program with empty input and its output on pipes, confined if its spec says so.
 * @throws what the system says if it can't be started
 */
export async function startPiped(spec: SpawnSpec, processes: Processes): Promise<StartedChild> {
  if (spec.confinement !== undefined) return startConfined(spec, spec.confinement, processes);
  const pipes = outputPipes();
  return pipes === null ? overSockets(spec, processes) : overPipes(spec, processes, pipes);
}

/** The pipes are made by the thread that starts it. */
async function startConfined(spec: SpawnSpec, confinement: Confinement, processes: Processes): Promise<StartedChild> {
  const child = await processes.startConfined(spec, confinement, { type: 'pipes' });
  const streams = child.readFds.map((readFd) => readerOf({ readFd }));
  return { pid: child.pid, streams, exited: child.exited };
}

/** Without Node if that can be, for speed. */
function overPipes(
  spec: SpawnSpec,
  processes: Processes,
  pipes: readonly [Pipe, Pipe],
): Promise<StartedChild> | StartedChild {
  const [output, errors] = pipes;
  const mark = processes.newMark();
  try {
    const direct = processes.startDirectly(spec, mark, [output.writeFd, errors.writeFd]);
    if (direct !== null) return { ...direct, streams: pipes.map(readerOf) };
    const child = processes.spawn(spec, mark, ['ignore', output.writeFd, errors.writeFd]);
    return followed(child, pipes.map(readerOf));
  } catch (error) {
    for (const { readFd } of pipes) closeEnd(readFd);
    throw error;
  } finally {
    // Only the program holds these ends now: they close when it, and all it gave them to, have ended.
    for (const { writeFd } of pipes) closeEnd(writeFd);
  }
}

function overSockets(spec: SpawnSpec, processes: Processes): Promise<StartedChild> {
  const child = processes.spawn(spec, processes.newMark(), ['ignore', 'pipe', 'pipe']);
  return followed(
    child,
    [child.stdout, child.stderr].filter((stream) => stream !== null),
  );
}
