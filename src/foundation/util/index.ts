export { Deferred, onAbort, raceAbort, unlessAborted, within } from './async.ts';
export { monotonicMs } from './clock.ts';
export { type DigestKind, hexDigest } from './digest.ts';
export { assertNever, reasonOf, storageAdvice, systemReason } from './errors.ts';
export { userHome } from './home-directory.ts';
export { type CLibrary, cLibrary, loadedCLibrary } from './native/c-library.ts';
export { lockFile } from './native/file-lock.ts';
export { type Grammar, grammarParser } from './native/grammar.ts';
export {
  hasOwnProc,
  isRunning,
  ownIdentity,
  type ProcessStat,
  processPlace,
  processStat,
  statFields,
} from './native/process-identity.ts';
export { ownValue } from './own-value.ts';
export { launcherPath, version } from './package.ts';
export { JsonTooDeep, parseJson, readJson } from './parse-json.ts';
export { Patience } from './patience.ts';
export { randomBytes, randomUUID, uuidV7 } from './random.ts';
export { sourceStack } from './source-stack.ts';
export { boundedLines, type Line } from './text/bounded-lines.ts';
export { byteLength, cutBytesEnd, cutBytesStart, decodeText, utf16MarkOf } from './text/bytes.ts';
export { cutMiddle } from './text/cut-middle.ts';
export {
  cutAgain,
  cutForModel,
  cutLines,
  fitsModel,
  MAX_OUTPUT_BYTES,
  type PartialText,
  splitOmitted,
  wholeText,
} from './text/cut-output.ts';
export { EXPECTED_VALUE } from './text/expected-value.ts';
export { nearestName } from './text/nearest-name.ts';
export { printable, printableStyled, visible } from './text/printable.ts';
export { quoteCommand } from './text/quote-command.ts';
export {
  findConfiguredProgram,
  findProgram,
  isProgram,
  type ProgramSearch,
  programFault,
} from './trust/find-program.ts';
export { KnownWays } from './trust/known-ways.ts';
export { isInside, realPath } from './trust/paths.ts';
export { privateDirectory, type TemporaryDirectory, temporaryDirectory } from './trust/private-directory.ts';
export {
  directoryWritableByOthers,
  ownerOf,
  placesOnTheWay,
  type WriterLimits,
  writableByOthers,
  writersOf,
} from './trust/writable-by-others.ts';
