export { PlaceError } from './git.ts';
export { Places } from './places.ts';
export { isThreadId, WorkTree } from './work-tree.ts';
