import type { Processes } from '../processes.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import { followed, type StartedChild } from './started-child.ts';

/**
 * Starts a program on keel's own input and output, confined if its spec says so.
 * @throws what the system says if it can't be started
 */
export async function startInherited(spec: SpawnSpec, processes: Processes): Promise<StartedChild> {
  const { confinement } = spec;
  if (confinement === undefined) {
    return followed(processes.spawn(spec, processes.newMark(), ['inherit', 'inherit', 'inherit']), []);
  }
  const { pid, exited } = await processes.startConfined(spec, confinement, { type: 'inherited' });
  return { pid, exited, streams: [] };
}
