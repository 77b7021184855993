import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { byteLength, cutBytesEnd, fitsModel, wholeText } from '../../foundation/util/index.ts';
import { showOutput } from './shown-output.ts';
import type { ToolContext } from './tool.ts';

/** A text cut to the limits for outputs; the whole of a longer one is kept in a file that the model can read. */
export function boundedText(text: string, callId: string, { turn, spillPath, spillMaxBytes }: ToolContext): string {
  const partial = wholeText(text);
  const path = fitsModel(partial) ? null : spillPath(callId);
  const kept = path === null ? null : spill(path, cutBytesEnd(text, spillMaxBytes));
  const { totalBytes: printedBytes } = partial;
  const spilled = { spillPath: kept === null ? null : path, spilledBytes: kept ?? 0, printedBytes };
  return showOutput({ partial, ...spilled }, { last: [] }, turn.noteMark);
}

/** @returns how many bytes are kept; null if none can be */
function spill(path: string, text: string): number | null {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600 });
    return byteLength(text);
  } catch {
    // The note to the model says that the rest was not kept.
    return null;
  }
}
