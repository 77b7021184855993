/**
 * What some work takes of the processor, seconds. Programs that run beside it add nothing, so that a bound of it holds on a busy
 * machine too.
 */
export function cpuSeconds(work: () => unknown): number {
  const since = process.cpuUsage();
  work();
  return secondsSince(since);
}

/** The same of work that is awaited; what else this process does meanwhile counts as well. */
export async function cpuSecondsOf(work: () => Promise<unknown>): Promise<number> {
  const since = process.cpuUsage();
  await work();
  return secondsSince(since);
}

function secondsSince(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}
