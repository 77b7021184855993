import { isInside } from '../../../foundation/util/index.ts';

/** Views of processes, of the kernel and of devices. */
const SYSTEM_VIEWS = ['/proc', '/sys', '/dev'];
/** Memory that holds files like any other place; a repository may lie there. */
const SHARED_MEMORY = '/dev/shm';

/** Whether a path, without symlinks, is the kernel's own and no place for files. */
export function isSystemView(path: string): boolean {
  return SYSTEM_VIEWS.some((view) => isInside(path, view)) && !isInside(path, SHARED_MEMORY);
}
