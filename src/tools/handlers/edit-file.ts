import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import * as z from 'zod/mini';
import { readText, type VerifiedPatch } from '../../patch/index.ts';
import { parseArguments } from '../arguments.ts';
import type { ToolHandler, ToolOutput } from '../types.ts';
import { runVerified } from './apply-patch.ts';

const editArguments = z.object({
  file_path: z.string(),
  old_string: z.string(),
  new_string: z.string(),
  replace_all: z.optional(z.boolean()),
});
const aliases = {
  file_path: ['path', 'filename'],
  old_string: ['old_str', 'search'],
  new_string: ['new_str', 'replace'],
};

/** `edit_file`: one exact replacement, or a new file. Written by the patch engine, under the same rules. */
export const editFileHandler: ToolHandler = {
  payloads: ['function'],
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const startedAt = performance.now();
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, editArguments, { aliases });
    if (parsed.type === 'failed') return refused(parsed.message);
    const { file_path, old_string, new_string, replace_all = false } = parsed.value;
    const { cwd } = context.turn;
    const path = resolve(cwd, file_path);
    const edited = edit(path, old_string, new_string, replace_all);
    if (edited.type === 'refused') return refused(`edit_file failed: ${edited.message}`);
    const letter = edited.before === null ? 'A' : 'M';
    const verified: VerifiedPatch = {
      patch: { text: JSON.stringify([path, edited.after]), sections: [] },
      cwd,
      changes: [{ path, before: edited.before, after: edited.after, movedFrom: null, mode: null }],
      summary: [`${letter} ${relative(cwd, path) || path}`],
      paths: [path],
    };
    return runVerified(call.callId, verified, context, signal, startedAt);
  },
};

type Edited =
  | { readonly type: 'edited'; readonly before: string | null; readonly after: string }
  | { readonly type: 'refused'; readonly message: string };

function edit(path: string, old: string, replacement: string, all: boolean): Edited {
  const refuse = (message: string): Edited => ({ type: 'refused', message });
  const before = readText(path);
  if (old === '') {
    if (existsSync(path)) return refuse(`${path} exists; an empty old_string creates a file`);
    return { type: 'edited', before: null, after: replacement };
  }
  if (before === null) return refuse(`${path} does not exist or is no text file`);
  const pieces = before.split(old);
  const count = pieces.length - 1;
  if (count === 0) return refuse(`old_string does not occur in ${path}; read the place again and copy it exactly`);
  if (count > 1 && !all) {
    return refuse(
      `old_string occurs ${count} times in ${path}; add lines around it until it does once, or set replace_all`,
    );
  }
  if (old === replacement) return refuse('old_string and new_string are equal: nothing would change');
  return { type: 'edited', before, after: pieces.join(replacement) };
}

function refused(message: string): ToolOutput {
  return { body: message, success: false };
}
