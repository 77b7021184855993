import { appendFileSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { inDirectory, realName, replaceFile } from '../../../foundation/files/index.ts';
import { parseJson } from '../../../foundation/util/index.ts';
import type { ModelInfo } from '../../../models/catalogue/index.ts';
import type { ToolOutput } from '../../../tools/index.ts';

const FILE = 'edit-results.jsonl';
/** How much of the file's end is counted, bytes: some thousand edits. */
const MAX_READ_BYTES = 256 * 1024;
/** A longer file is cut to what is counted. */
const MAX_FILE_BYTES = 2 * MAX_READ_BYTES;
/** A share of failures is known from this many edits on, and high from this share on. */
const MIN_EDITS = 20;
const HIGH_SHARE = 0.15;

const Line = z.lazy(() => z.object({ model: z.string(), tool: z.enum(['apply_patch', 'edit_file']), ok: z.boolean() }));
type Line = z.infer<typeof Line>;

/**
 * How often edits of each model failed, by the tool that made them; kept in keel's home over all threads. A thread is offered
 * the tool that its model fails less with, if it often fails with the usual one.
 */
export class EditResults {
  readonly #path: string;
  /** The choice for each model, made once: a thread keeps its tools. */
  readonly #forms = new Map<string, ModelInfo['patchForm']>();
  #lines: readonly Line[] | null = null;

  constructor(home: string) {
    this.#path = join(home, FILE);
  }

  /** The form in which a model edits in this session. */
  formOf({ slug, patchForm }: ModelInfo): ModelInfo['patchForm'] {
    const known = this.#forms.get(slug);
    if (known !== undefined) return known;
    this.#lines ??= linesAtEnd(this.#path);
    const form = betterForm(patchForm, (tool) => failures(this.#lines ?? [], slug, tool));
    this.#forms.set(slug, form);
    return form;
  }

  /** Records how a call went, if it was an edit. A denial, or a disk that is full, says nothing of the model. */
  note(model: string, name: string, { success, facts }: ToolOutput): void {
    if (name !== 'apply_patch' && name !== 'edit_file') return;
    if (!success && facts?.outcome !== 'misfit') return;
    const line: Line = { model, tool: name, ok: success };
    try {
      appendFileSync(this.#path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
      if (statSync(this.#path).size > MAX_FILE_BYTES) dropOldest(this.#path);
    } catch {
      // A home that can't be written, or is full: the next thread counts one edit less.
    }
  }
}

/** @param share the share of failed edits with a tool; null: too few edits are known */
function betterForm(
  usual: ModelInfo['patchForm'],
  share: (tool: Line['tool']) => number | null,
): ModelInfo['patchForm'] {
  const [own, other] =
    usual === 'editFile' ? (['edit_file', 'apply_patch'] as const) : (['apply_patch', 'edit_file'] as const);
  const ownShare = share(own);
  if (ownShare === null || ownShare < HIGH_SHARE) return usual;
  if ((share(other) ?? 0) >= ownShare) return usual;
  return other === 'edit_file' ? 'editFile' : 'function';
}

function failures(lines: readonly Line[], slug: string, name: Line['tool']): number | null {
  const edits = lines.filter(({ model, tool }) => model === slug && tool === name);
  return edits.length < MIN_EDITS ? null : edits.filter(({ ok }) => !ok).length / edits.length;
}

/** A line that another process adds meanwhile is lost: one edit of thousands. */
function dropOldest(path: string): void {
  const kept = wholeLines(textAtEnd(path));
  inDirectory(realName(path), (directory, name) => replaceFile(directory, name, kept, 0o600));
}

function linesAtEnd(path: string): readonly Line[] {
  try {
    const texts = textAtEnd(path).split('\n');
    return texts.flatMap((text) => Line.safeParse(parseJson(text)).data ?? []);
  } catch {
    // No edit was recorded yet.
    return [];
  }
}

function textAtEnd(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, MAX_READ_BYTES));
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, read);
  } finally {
    closeSync(fd);
  }
}

/** A text that may start within a line, from the next line on. */
function wholeLines(text: string): string {
  return text.slice(text.indexOf('\n') + 1);
}
