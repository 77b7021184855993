export { applyPatch, type MayWrite } from './apply.ts';
export { fileUpdates } from './file-updates.ts';
export { applyPatchMain, type MainResult, successText } from './main.ts';
export { type NetChange, readText } from './overlay.ts';
export { type ParsedPatch, parsePatch } from './parse.ts';
export { describeFaultToModel, type Fallible, fallible, hintToModel, type PatchFault } from './patch.ts';
export { isBarePatch, type PatchInCommand, patchInCommand } from './patch-in-command.ts';
export { TurnDiffTracker } from './turn-diff.ts';
export { type VerifiedPatch, verifyPatch } from './verify.ts';
