export { obeyedJudge, readObeyedFile, UntrustedFile } from './obeyed-file.ts';
export {
  FileFault,
  type OpenFile,
  type OpenOptions,
  openDirectory,
  openFile,
  type PlaceJudge,
  placeOf,
  type RealPlace,
} from './open-real.ts';
export { OutputFile } from './output-file.ts';
export { notationFault } from './path-notation.ts';
export { type FileStart, type ReadOptions, readFileStart, readRegularFile } from './read-file.ts';
export { Draft, replaceFile, replaceLink } from './replace-file.ts';
export { type EntryName, namesOf, RootedDirectory } from './rooted-directory.ts';
export { kindFault, SNIFFED_BYTES, textFault } from './text-fault.ts';
