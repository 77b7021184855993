import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { listProcesses, type ProcessEntry } from '../../system/process/index.ts';

/** The access mode within the flags of an open file, and the mode that only reads (open(2)). */
const ACCESS_MODE = 3;
const READ_ONLY = 0;

/**
 * Whether another program of the same pipeline can still write to the pipe behind `fd`: `npm test | keel exec ...`. A shell puts
 * the programs of a pipeline into one process group and closes its own ends of the pipe, so an ancestor that has one open isn't part
 * of a pipeline: it started keel with an input that it may never use. False where the system has no /proc.
 */
export function hasPipelineWriter(fd: number): boolean {
  const stat = fstatSync(fd);
  if (!stat.isFIFO()) return false;
  const entries = new Map(listProcesses().map((entry) => [entry.pid, entry]));
  const own = entries.get(process.pid);
  if (own === undefined) return false;
  const lineage = ancestors(own, entries);
  const pipe = `pipe:[${stat.ino}]`;
  return [...entries.values()].some(
    ({ pid, group }) => group === own.group && pid !== own.pid && !lineage.has(pid) && canWrite(pid, pipe),
  );
}

function ancestors(own: ProcessEntry, entries: ReadonlyMap<number, ProcessEntry>): ReadonlySet<number> {
  const found = new Set<number>();
  for (let pid = own.parent; pid > 0 && !found.has(pid); pid = entries.get(pid)?.parent ?? 0) found.add(pid);
  return found;
}

function canWrite(pid: number, pipe: string): boolean {
  try {
    const open = readdirSync(`/proc/${pid}/fd`);
    return open.some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === pipe && writes(pid, fd));
  } catch {
    // It has just ended, or belongs to another user.
    return false;
  }
}

function writes(pid: number, fd: string): boolean {
  const [, flags = '0'] = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')) ?? [];
  return (Number.parseInt(flags, 8) & ACCESS_MODE) !== READ_ONLY;
}
