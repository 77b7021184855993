import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import * as z from 'zod/mini';
import { FileFault, notationFault, openDirectory, type PlaceJudge, placeOf } from '../../foundation/files/index.ts';
import { cutBytesEnd, reasonOf } from '../../foundation/util/index.ts';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  numberSchema,
  parseArguments,
  type Tool,
  type ToolHandler,
  type ToolOutput,
  textSchema,
} from '../contract/index.ts';
import { judgeFor } from './files/read-judge.ts';
import { shownAsToolCall } from './files/shown-as-tool-call.ts';
import { shownPath } from './files/shown-path.ts';

const DEFAULT_LIMIT = 25;
const DEFAULT_DEPTH = 2;
const MAX_NAME_BYTES = 500;

const listArguments = z.object({
  dir_path: z.string(),
  offset: z.optional(z.int()),
  limit: z.optional(z.int()),
  depth: z.optional(z.int()),
});
const aliases = { dir_path: ['path'] };

/** Names are kept byte by byte, as Latin-1: they need not be UTF-8. */
interface Entry {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly suffix: string;
}

const spec = functionSpec({
  name: 'list_dir',
  description:
    'List a directory as an indented tree: / marks a directory, @ a link. Gives one page of entries and says if there are more.',
  required: ['dir_path'],
  properties: {
    dir_path: textSchema,
    offset: described(numberSchema, 'First entry, from 1.'),
    limit: described(numberSchema, `Entries in the page (${DEFAULT_LIMIT} if absent).`),
    depth: described(numberSchema, `Levels to go down (${DEFAULT_DEPTH} if absent).`),
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(listArguments, aliases),
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), listArguments, { aliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const args = parsed.value;
    const { cwd } = context.turn;
    const misread = notationFault(args.dir_path, cwd);
    if (misread !== null) return failedOutput(misread);
    const judge = judgeFor(context);
    return shownAsToolCall(call, context, () =>
      list({ ...args, dir_path: resolve(cwd, args.dir_path), judge }, signal),
    );
  },
};

/** `list_dir`: one page of a directory as an indented tree. Symlinks are shown, not followed. */
export const listDirTool: Tool = { name: spec.name, spec, handler };

type ListRequest = z.infer<typeof listArguments> & { readonly judge: PlaceJudge };

async function list(
  { dir_path, offset = 1, limit = DEFAULT_LIMIT, depth = DEFAULT_DEPTH, judge }: ListRequest,
  signal: AbortSignal,
): Promise<ToolOutput> {
  if (offset < 1 || limit < 1 || depth < 1) return failedOutput('offset, limit and depth must be at least 1');
  try {
    const wanted = offset + limit - 1;
    const { entries, more } = await collect(dir_path, { depth, wanted, judge }, signal);
    return page(dir_path, entries, { offset, limit, more });
  } catch (error) {
    return failedOutput(`failed to read directory: ${reasonOf(error)}`);
  }
}

interface Collecting {
  readonly depth: number;
  readonly wanted: number;
  readonly judge: PlaceJudge;
}

/** Lists entries level by level until `wanted` are found, and says whether there are more. */
async function collect(root: string, { depth, wanted, judge }: Collecting, signal: AbortSignal) {
  const entries: Entry[] = [];
  const top = Buffer.from(root).toString('latin1');
  const queue: { dir: string; depth: number }[] = [{ dir: top, depth: 0 }];
  for (let at = queue.shift(); at && entries.length <= wanted; at = queue.shift()) {
    signal.throwIfAborted();
    for (const item of await entriesOf(at, judge)) {
      const path = join(at.dir, item.name);
      entries.push({ path: relative(top, path), name: item.name, depth: at.depth, suffix: suffixOf(item) });
      if (item.isDirectory() && at.depth + 1 < depth) queue.push({ dir: path, depth: at.depth + 1 });
    }
  }
  return { entries, more: entries.length > wanted };
}

/** Throws if the requested directory can't be read; one inside it is skipped. */
async function entriesOf({ dir, depth }: { dir: string; depth: number }, judge: PlaceJudge): Promise<Dirent[]> {
  try {
    using directory = openDirectory(Buffer.from(dir, 'latin1'), { judge, links: depth === 0 ? 'follow' : 'no' });
    const found = await readdir(placeOf(directory), { withFileTypes: true, encoding: 'latin1' });
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (depth === 0 || !(error instanceof FileFault)) throw error;
    return [];
  }
}

function page(
  root: string,
  entries: readonly Entry[],
  { offset, limit, more }: { offset: number; limit: number; more: boolean },
): ToolOutput {
  const lines = [`Absolute path: ${root}`];
  if (offset > Math.max(1, entries.length)) return failedOutput('offset exceeds directory entry count');
  const slice = entries.slice(offset - 1, offset - 1 + limit);
  const ordered = slice.toSorted((a, b) => compareParts(a.path.split(sep), b.path.split(sep)));
  for (const { name, depth, suffix } of ordered) {
    lines.push(`${'  '.repeat(depth)}${cutBytesEnd(shownPath(Buffer.from(name, 'latin1')), MAX_NAME_BYTES)}${suffix}`);
  }
  if (more) lines.push(`More than ${slice.length} entries found. Continue with offset ${offset + limit}.`);
  return { body: lines.join('\n'), success: true };
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (const [at, part] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length - b.length;
}

function suffixOf(item: Dirent): string {
  if (item.isDirectory()) return '/';
  if (item.isSymbolicLink()) return '@';
  return item.isFile() ? '' : '?';
}
