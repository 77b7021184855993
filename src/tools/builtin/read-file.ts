import { readSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import {
  FileFault,
  kindFault,
  notationFault,
  type OpenFile,
  openFile,
  type PlaceJudge,
  SNIFFED_BYTES,
} from '../../foundation/files/index.ts';
import { byteLength, MAX_OUTPUT_BYTES, reasonOf } from '../../foundation/util/index.ts';
import {
  argumentNames,
  argumentsText,
  type ClientDocuments,
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
import { lookalikeNameHint } from '../patch/index.ts';
import { indentationBlock } from './files/indentation-block.ts';
import { type FileLine, linesOfFile, linesOfText, MAX_LINE_BYTES, MAX_SCANNED_BYTES } from './files/line-reader.ts';
import { judgeFor } from './files/read-judge.ts';
import { shownAsToolCall } from './files/shown-as-tool-call.ts';

const DEFAULT_LIMIT = 2_000;
/** Room for lines of keel's own below those of the file, bytes. */
const NOTES_RESERVE = 512;
/** Finding a block needs all lines of its file in memory. */
const MAX_BLOCK_FILE_LINES = 200_000;

const readArguments = z.object({
  file_path: z.string(),
  offset: z.optional(z.int()),
  limit: z.optional(z.int()),
  mode: z.optional(z.enum(['slice', 'indentation'])),
  indentation: z.optional(
    z.object({
      anchor_line: z.optional(z.int()),
      max_levels: z.optional(z.int().check(z.nonnegative())),
      include_siblings: z.optional(z.boolean()),
      include_header: z.optional(z.boolean()),
      max_lines: z.optional(z.int()),
    }),
  ),
});
const aliases = { file_path: ['path', 'filename'] };
type ReadArguments = z.infer<typeof readArguments>;

const spec = functionSpec({
  name: 'read_file',
  description: `Read a text file, or a stretch of it. Each line comes as \`L<number>: text\`; that prefix is not in the file. Up to \`limit\` lines or ${MAX_OUTPUT_BYTES} bytes are given; if the file goes on, a last line says so and where to continue.`,
  required: ['file_path'],
  properties: {
    file_path: textSchema,
    offset: described(numberSchema, 'First line, from 1.'),
    limit: described(numberSchema, `How many lines (${DEFAULT_LIMIT} if absent).`),
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(readArguments, aliases),
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), readArguments, { aliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { cwd, noteMark: mark } = context.turn;
    const misread = notationFault(parsed.value.file_path, cwd);
    if (misread !== null) return failedOutput(misread);
    const file_path = resolve(cwd, parsed.value.file_path);
    const { documents } = context;
    const request = { ...parsed.value, file_path, mark, judge: judgeFor(context), documents };
    return shownAsToolCall(call, context, () => read(request, signal));
  },
};

/** `read_file`: lines of a text file with their numbers, or the block around a line. */
export const readFileTool: Tool = { name: spec.name, spec, handler };

type ReadRequest = ReadArguments & {
  readonly mark: string;
  readonly judge: PlaceJudge;
  readonly documents: ClientDocuments | null;
};

async function read(request: ReadRequest, signal: AbortSignal): Promise<ToolOutput> {
  const { file_path, offset = 1, limit = DEFAULT_LIMIT } = request;
  if (offset < 1) return failedOutput('offset must be at least 1: lines count from 1');
  if (limit < 1) return failedOutput('limit must be at least 1');
  try {
    using file = openFile(file_path, { judge: request.judge });
    requireText(file);
    const slice = { offset, limit };
    const text = (await request.documents?.read(file.place.path, signal)) ?? null;
    const lines = text === null ? linesOfFile(file, signal) : linesOfText(text);
    const isScanned = text !== null || file.place.stats.size <= MAX_SCANNED_BYTES;
    return await (request.mode === 'indentation'
      ? readBlock(lines, request, slice)
      : readSlice({ lines, isScanned }, request, slice));
  } catch (error) {
    if (signal.aborted) return failedOutput('aborted');
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = reasonOf(error) + (isMissing ? lookalikeNameHint(file_path, request.judge) : '');
    return failedOutput(`failed to read file: ${reason.includes(file_path) ? reason : `${file_path}: ${reason}`}`);
  }
}

/** Refuses a binary file. @throws FileFault */
function requireText({ fd }: OpenFile): void {
  const start = Buffer.alloc(SNIFFED_BYTES);
  const fault = kindFault(start.subarray(0, readSync(fd, start, 0, SNIFFED_BYTES, 0)));
  if (fault !== null) throw new FileFault(fault);
}

interface Slice {
  readonly offset: number;
  readonly limit: number;
}

interface FileText {
  readonly lines: AsyncIterable<FileLine>;
  /** These are all lines of the file. */
  readonly isScanned: boolean;
}

async function readSlice(
  { lines, isScanned }: FileText,
  { mark }: ReadRequest,
  { offset, limit }: Slice,
): Promise<ToolOutput> {
  const page = new Page(offset, limit);
  let total = 0;
  for await (const line of lines) {
    total += 1;
    if (total >= offset) page.add(line);
  }
  if (offset > total && !(total === 0 && offset === 1)) {
    return failedOutput(
      isScanned ? 'offset exceeds file length' : `only the first ${MAX_SCANNED_BYTES} bytes can be read`,
    );
  }
  const shown = page.shown(mark);
  if (page.next <= total) shown.push(page.note(isScanned ? `${total}` : `more than ${total}`, mark));
  return { body: shown.join('\n'), success: true };
}

async function readBlock(
  read: AsyncIterable<FileLine>,
  { indentation = {}, mark }: ReadRequest,
  { offset, limit }: Slice,
): Promise<ToolOutput> {
  const lines: FileLine[] = [];
  for await (const line of read) {
    if (lines.push(line) > MAX_BLOCK_FILE_LINES) {
      return failedOutput(`the file has more than ${MAX_BLOCK_FILE_LINES} lines: read a slice of it`);
    }
  }
  const texts = lines.map(({ text }) => text);
  const block = indentationBlock(texts, { ...indentation, anchor: indentation.anchor_line ?? offset, limit });
  if (!block.ok) return failedOutput(block.message);
  const page = new Page(block.first, limit);
  for (const line of lines.slice(block.first - 1, block.last)) page.add(line);
  const shown = page.shown(mark);
  if (page.next <= block.last) shown.push(page.note(`a block that ends with ${block.last}`, mark));
  return { body: shown.join('\n'), success: true };
}

/** Successive lines of a file, as many as a model is shown at once. */
class Page {
  readonly #first: number;
  readonly #limit: number;
  readonly #lines: FileLine[] = [];
  #room = MAX_OUTPUT_BYTES - NOTES_RESERVE;

  /** @param first the number of the first line */
  constructor(first: number, limit: number) {
    this.#first = first;
    this.#limit = limit;
  }

  /** Takes the next line; none after one that found no room. */
  add(line: FileLine): void {
    if (this.#lines.length >= this.#limit || this.#room < 0) return;
    this.#room -= byteLength(numbered(line, this.next)) + 1;
    if (this.#room >= 0) this.#lines.push(line);
  }

  /** The number of the first line that is not shown. */
  get next(): number {
    return this.#first + this.#lines.length;
  }

  /** The lines with their numbers, and below them what keel has to say of them. */
  shown(mark: string): string[] {
    const shown = this.#lines.map((line, at) => numbered(line, this.#first + at));
    const shortened = this.#lines.filter(({ isCut }) => isCut).length;
    const lossy = this.#lines.filter(({ isLossy }) => isLossy).length;
    if (lossy > 0) {
      shown.push(`${mark} Bytes that are not UTF-8 (perhaps Latin-1) are shown as U+FFFD; lines: ${lossy}.`);
    }
    if (shortened > 0) shown.push(`${mark} ${shortened} long lines were shortened to ${MAX_LINE_BYTES} bytes.`);
    return shown;
  }

  /** @param whole what these lines are a part of */
  note(whole: string, mark: string): string {
    return `${mark} Lines ${this.#first}-${this.next - 1} of ${whole} shown. Continue with offset ${this.next}.`;
  }
}

function numbered({ text }: FileLine, number: number): string {
  return `L${number}: ${text}`;
}
