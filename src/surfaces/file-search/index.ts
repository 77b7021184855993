export { FileFinder } from './file-finder.ts';
