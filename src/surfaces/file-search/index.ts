export { FileFinder, type FoundFile } from './file-finder.ts';
