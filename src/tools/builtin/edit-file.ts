import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import * as z from 'zod/mini';
import { notationFault, type PlaceJudge } from '../../foundation/files/index.ts';
import { monotonicMs } from '../../foundation/util/index.ts';
import {
  argumentNames,
  argumentsText,
  booleanSchema,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import {
  attemptedUpdates,
  closestPlaceInText,
  placeFault,
  readFault,
  type Section,
  type VerifiedPatch,
} from '../patch/index.ts';
import { currentText } from './files/current-text.ts';
import { failedChange } from './files/failed-change.ts';
import { hiddenFault, judgeFor } from './files/read-judge.ts';
import { runVerified } from './files/write-patch.ts';

/** Limit for the places of a text that are named. */
const MAX_NAMED_PLACES = 6;

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

const spec = functionSpec({
  name: 'edit_file',
  description:
    'Replace one exact piece of text in a file, or create the file when `old_string` is empty and it does not exist. `old_string` has to occur exactly once, white space included; add lines around it until it does, or set `replace_all`.',
  required: ['file_path', 'old_string', 'new_string'],
  properties: { file_path: textSchema, old_string: textSchema, new_string: textSchema, replace_all: booleanSchema },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(editArguments, aliases),
  parallel: false,
  repeat: 'asks',
  async run(call, context, signal) {
    const startedAt = monotonicMs();
    const parsed = parseArguments(argumentsText(call), editArguments, { aliases });
    const { callId } = call;
    if (parsed.type === 'failed') {
      return failedChange({ callId, changes: [], reason: parsed.message, answer: parsed.message }, context);
    }
    const { file_path, old_string, new_string, replace_all = false } = parsed.value;
    const { cwd, noteMark } = context.turn;
    const fail = (reason: string, hinted = reason) => {
      const changes = attemptedUpdates({ sections: [asSection(parsed.value)] }, cwd);
      return failedChange({ callId, changes, reason, answer: `edit_file failed: ${hinted}` }, context);
    };
    if (file_path === '' || file_path.includes('\0')) return fail('file_path names no file');
    const misread = notationFault(file_path, cwd);
    if (misread !== null) return fail(misread);
    const path = resolve(cwd, file_path);
    const judge = judgeFor(context);
    const hidden = hiddenFault(path, judge);
    if (hidden !== null) return fail(`${path} can't be read: ${hidden}`);
    const before = await currentText(path, context, judge, signal);
    const edited = edit({ path, before, old: old_string, replacement: new_string, all: replace_all, judge });
    if (edited.type === 'refused') {
      const { message, hint } = edited;
      return fail(message, hint === null ? message : `${message}\n${noteMark} ${hint}`);
    }
    const letter = edited.before === null ? 'A' : 'M';
    const verified: VerifiedPatch = {
      patch: { text: '', notes: [], sections: [] },
      cwd,
      changes: [{ path, before: edited.before, after: edited.after, movedFrom: null, mode: null }],
      notes: [],
      summary: [`${letter} ${relative(cwd, path) || path}`],
      paths: [path],
      judge,
    };
    return runVerified(callId, verified, context, signal, startedAt);
  },
};

/** `edit_file`: one exact replacement, or a new file. Written by the patch engine, under the same rules. */
export const editFileTool: Tool = { name: spec.name, spec, handler };

/** The edit as a section of a patch. */
function asSection({ file_path: path, old_string: old, new_string: text }: z.infer<typeof editArguments>): Section {
  if (old === '') return { type: 'add', path, content: text };
  const rows = [
    ...old.split('\n').map((line) => ({ type: 'remove', text: line }) as const),
    ...text.split('\n').map((line) => ({ type: 'add', text: line }) as const),
  ];
  return { type: 'update', path, moveTo: null, chunks: [{ headers: [], rows, atEnd: false }] };
}

interface Edit {
  readonly path: string;
  /** Null: there is no text file. */
  readonly before: string | null;
  readonly old: string;
  readonly replacement: string;
  readonly all: boolean;
  readonly judge: PlaceJudge;
}

type Edited =
  | { readonly type: 'edited'; readonly before: string | null; readonly after: string }
  | { readonly type: 'refused'; readonly message: string; readonly hint: string | null };

function edit({ path, before, old, replacement, all, judge }: Edit): Edited {
  if (old === '') {
    const fault =
      placeFault(path) ?? (existsSync(path) && before !== '' ? 'it exists; an empty old_string creates a file' : null);
    return fault === null ? { type: 'edited', before, after: replacement } : refuse(`${path}: ${fault}`);
  }
  if (before === null) return refuse(`${path}: ${readFault(path, judge) ?? 'it has changed meanwhile'}`);
  if (old === replacement) return refuse('old_string and new_string are equal: nothing would change');
  const ending = endingFor(before, old);
  const pieces = before.split(withEnding(old, ending));
  const count = pieces.length - 1;
  if (count === 0) {
    const message = `old_string does not occur in ${path}; read the place again and copy it exactly`;
    return refuse(message, closestPlaceInText(before, old, path));
  }
  if (count > 1 && !all) {
    const where = linesOf(pieces, withEnding(old, ending));
    return refuse(
      `old_string occurs ${count} times in ${path} (${where}); add lines around it until it does once, or set replace_all`,
    );
  }
  return { type: 'edited', before, after: pieces.join(withEnding(replacement, ending)) };
}

/** The lines in which the text between these pieces starts. */
function linesOf(pieces: readonly string[], between: string): string {
  let line = 1;
  const lines = pieces.slice(0, -1).map((piece) => {
    const start = line + newlines(piece);
    line = start + newlines(between);
    return start;
  });
  const [...different] = new Set(lines);
  const more = different.length > MAX_NAMED_PLACES ? ', ...' : '';
  return `${different.length === 1 ? 'line' : 'lines'} ${different.slice(0, MAX_NAMED_PLACES).join(', ')}${more}`;
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}

/** The model does not see carriage returns: where most lines have them, its line ends match both forms. */
function endingFor(text: string, old: string): '\n' | '\r\n' {
  const crlf = text.match(/\r\n/g)?.length ?? 0;
  const all = text.match(/\n/g)?.length ?? 0;
  const isExact = old.includes('\r') || (old.includes('\n') && text.includes(old));
  return crlf * 2 > all && !isExact ? '\r\n' : '\n';
}

function withEnding(text: string, ending: '\n' | '\r\n'): string {
  return ending === '\n' ? text : text.replace(/\r?\n/g, '\r\n');
}

function refuse(message: string, hint: string | null = null): Edited {
  return { type: 'refused', message, hint };
}
