export { attemptedUpdates, namedUpdates } from './diff/attempted-updates.ts';
export { fileUpdates } from './diff/file-updates.ts';
export { touchedLines } from './diff/touched-lines.ts';
export { TurnDiffTracker } from './diff/turn-diff.ts';
export { type ParsedPatch, parsePatch } from './language/parse.ts';
export { isBarePatch, patchInCommand } from './language/patch-in-command.ts';
export { lookalikeNameHint } from './lookalike-name.ts';
export { applyPatchMain, successText } from './main.ts';
export { closestPlaceInText } from './match/closest-place.ts';
export { placeFault, readFault, readText } from './overlay.ts';
export {
  describeFaultToModel,
  type Fallible,
  fallible,
  hintToModel,
  PatchFailure,
  type PatchFault,
  type Section,
} from './patch.ts';
export { type VerifiedPatch, verifyPatch } from './verify.ts';
export { applyPatch, type MayWrite } from './write/apply.ts';
