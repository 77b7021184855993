export { PlaceError } from './git.ts';
export { Places, type PlacesOptions } from './places.ts';
export { isThreadId, WorkTree } from './work-tree.ts';
