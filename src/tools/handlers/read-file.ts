import { createReadStream } from 'node:fs';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod/mini';
import { cutBytesEnd } from '../../util/index.ts';
import { parseArguments } from '../arguments.ts';
import type { ToolHandler, ToolOutput } from '../types.ts';
import { indentationBlock } from './indentation-block.ts';

export const DEFAULT_LIMIT = 2_000;
const MAX_LINE_BYTES = 500;

const readArguments = z.object({
  file_path: z.string(),
  offset: z.optional(z.int()),
  limit: z.optional(z.int()),
  mode: z.optional(z.enum(['slice', 'indentation'])),
  indentation: z.optional(
    z.object({
      anchor_line: z.optional(z.int()),
      max_levels: z.optional(z.int()),
      include_siblings: z.optional(z.boolean()),
      include_header: z.optional(z.boolean()),
      max_lines: z.optional(z.int()),
    }),
  ),
});
type ReadArguments = z.infer<typeof readArguments>;

/** `read_file`: lines of a text file with their numbers, or the block around a line. */
export const readFileHandler: ToolHandler = {
  payloads: ['function'],
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, readArguments, { aliases: { file_path: ['path', 'filename'] } });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const args = parsed.value;
    const { offset = 1, limit = DEFAULT_LIMIT } = args;
    if (!isAbsolute(args.file_path)) return refused('file_path must be an absolute path');
    if (offset < 1) return refused('offset must be at least 1: lines count from 1');
    if (limit < 1) return refused('limit must be at least 1');
    try {
      return await read(args, offset, limit, context.turn.noteMark, signal);
    } catch (error) {
      return refused(`failed to read file: ${error instanceof Error ? error.message : String(error)}`);
    }
  },
};

async function read(
  args: ReadArguments,
  offset: number,
  limit: number,
  mark: string,
  signal: AbortSignal,
): Promise<ToolOutput> {
  if (args.mode === 'indentation') {
    const lines: string[] = [];
    for await (const line of linesOf(args.file_path, signal)) lines.push(line);
    const block = indentationBlock(lines, {
      ...args.indentation,
      anchor: args.indentation?.anchor_line ?? offset,
      limit,
    });
    if (!block.ok) return refused(block.message);
    return { body: numbered(lines, block.first, block.last, mark).join('\n'), success: true };
  }
  const lines: string[] = [];
  let total = 0;
  for await (const line of linesOf(args.file_path, signal)) {
    total += 1;
    if (total >= offset && lines.length < limit) lines.push(line);
  }
  if (offset > total && !(total === 0 && offset === 1)) return refused('offset exceeds file length');
  const last = offset + lines.length - 1;
  const shown = numberedFrom(lines, offset, mark);
  if (last < total) shown.push(`${mark} Lines ${offset}-${last} of ${total} shown. Continue with offset ${last + 1}.`);
  return { body: shown.join('\n'), success: true };
}

/** Lines without their ends; bytes that are not UTF-8 are replaced. */
function linesOf(path: string, signal: AbortSignal): AsyncIterable<string> {
  const input = createReadStream(path, { encoding: 'utf8', signal });
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

function numbered(lines: readonly string[], first: number, last: number, mark: string): string[] {
  return numberedFrom(lines.slice(first - 1, last), first, mark);
}

function numberedFrom(lines: readonly string[], first: number, mark: string): string[] {
  let shortened = 0;
  const shown = lines.map((line, at) => {
    const cut = cutBytesEnd(line, MAX_LINE_BYTES);
    if (cut !== line) shortened += 1;
    return `L${first + at}: ${cut}`;
  });
  if (shortened > 0) shown.push(`${mark} ${shortened} long lines were shortened to ${MAX_LINE_BYTES} bytes.`);
  return shown;
}

function refused(message: string): ToolOutput {
  return { body: message, success: false };
}
