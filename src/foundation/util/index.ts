export { assertNever } from './assert-never.ts';
export { byteLength, cutBytesEnd, cutBytesStart } from './bytes.ts';
export { type CLibrary, cLibrary, loadedCLibrary } from './c-library.ts';
export { cutMiddle } from './cut-middle.ts';
export { decodeText, utf16MarkOf } from './decode-text.ts';
export { Deferred } from './deferred.ts';
export { type LockResult, lockFile } from './file-lock.ts';
export {
  type FoundProgram,
  findConfiguredProgram,
  findProgram,
  isProgram,
  type ProgramSearch,
  programFault,
} from './find-program.ts';
export { launcherPath } from './launcher.ts';
export { JsonTooDeep, MAX_JSON_DEPTH, parseJson, readJson, requireJsonDepth } from './parse-json.ts';
export { printable, printableStyled, visible } from './printable.ts';
export {
  type PrivateArea,
  privateDirectory,
  type TemporaryDirectory,
  temporaryDirectory,
  UnsafeDirectoryError,
} from './private-directory.ts';
export {
  hasOwnProc,
  isRunning,
  ownIdentity,
  type ProcessIdentity,
  type ProcessStat,
  processPlace,
  processStat,
} from './process-identity.ts';
export { reasonOf } from './reason-of.ts';
export { sourceStack } from './source-stack.ts';
export { storageAdvice } from './storage-advice.ts';
export {
  countLines,
  fitsModel,
  MAX_OUTPUT_BYTES,
  MAX_OUTPUT_LINES,
  type PartialText,
  type Reserve,
  splitOmitted,
  truncateForModel,
  truncatePartial,
  wholeText,
} from './truncate.ts';
export { uuidV7 } from './uuid.ts';
export { version } from './version.ts';
export {
  directoryWritableByOthers,
  isInside,
  ownerOf,
  type Place,
  placesOnTheWay,
  type WriterLimits,
  type Writers,
  writableByOthers,
  writersOf,
} from './writable-by-others.ts';
