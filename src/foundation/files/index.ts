export { directoryOf, inDirectory, realName } from './in-directory.ts';
export { obeyedJudge, readObeyedFile, UntrustedFile } from './obeyed-file.ts';
export { FileFault, type OpenFile, openDirectory, openFile, type PlaceJudge, placeOf } from './open-real.ts';
export { OutputFile } from './output-file.ts';
export { notationFault } from './path-notation.ts';
export { readFileStart, readRegularFile } from './read-file.ts';
export { Draft, replaceFile, replaceLink } from './replace-file.ts';
export { namesOf, RootedDirectory } from './rooted-directory.ts';
export { kindFault, SNIFFED_BYTES, textFault } from './text-fault.ts';
