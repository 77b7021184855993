import { isUtf8 } from 'node:buffer';
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { KeelError } from '../protocol/index.ts';

/** How long a run with a prompt waits for the first byte of a pipe that may stay silent for ever. */
const SILENT_PIPE_MS = 1_000;

/** More than any model takes; what never ends must not fill the memory. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

export interface PromptSource {
  /** The prompt argument; `-` and null both mean standard input. */
  readonly argument: string | null;
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly fd?: number };
  /** Tells the user, on stderr. */
  readonly notice: (text: string) => void;
  /** Standard input may be left out: the run has something else to go on with. */
  readonly optional: boolean;
}

/**
 * The prompt of a run: the argument, standard input, or both (the input then follows in a `<stdin>` block). A pipe that
 * is open but silent never holds up a run that has a prompt.
 * @returns null if there is none and the source says it may be left out
 * @throws KeelError `invalidInput`
 */
export async function readPrompt(source: PromptSource): Promise<string | null> {
  const { argument, stdin } = source;
  if (argument !== null && argument !== '-') {
    const piped = await readExtraInput(source);
    // Of a script whose variable is not set, say: nobody means to send that.
    if (argument.trim() === '' && piped.trim() === '') throw new KeelError('invalidInput', 'the prompt is empty');
    return piped.trim() === '' ? argument : `${argument}\n\n<stdin>\n${piped.trimEnd()}\n</stdin>`;
  }
  if (argument === null && (stdin.isTTY || isCharacterDevice(stdin.fd))) {
    if (source.optional) return null;
    throw new KeelError('invalidInput', 'no prompt: give one as an argument or on standard input');
  }
  if (argument === null && !source.optional) source.notice('Reading the prompt from standard input...');
  const text = decode(await readAll(stdin, argument === null && source.optional ? SILENT_PIPE_MS : null));
  if (text.trim() !== '') return text;
  if (source.optional) return null;
  throw new KeelError('invalidInput', 'no prompt: standard input was empty');
}

async function readExtraInput({ stdin, notice }: PromptSource): Promise<string> {
  if (stdin.isTTY || isCharacterDevice(stdin.fd)) return '';
  const bytes = await readAll(stdin, SILENT_PIPE_MS);
  if (bytes === null) notice('Standard input is open but silent; going on without it.');
  return decode(bytes);
}

/** All bytes of a stream; null if `silenceMs` pass before the first one. */
async function readAll(stdin: Readable, silenceMs: number | null): Promise<Buffer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = silenceMs === null ? null : setTimeout(() => resolve(null), silenceMs);
  const onData = (chunk: Buffer | string) => {
    if (timer) clearTimeout(timer);
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_INPUT_BYTES) {
      const most = `${MAX_INPUT_BYTES / 1024 / 1024} MiB`;
      reject(new KeelError('invalidInput', `standard input is longer than ${most}, which no model takes`));
    } else chunks.push(bytes);
  };
  const onEnd = () => resolve(Buffer.concat(chunks));
  const onError = (cause: Error) =>
    reject(new KeelError('invalidInput', `standard input can't be read: ${cause.message}`, { cause }));
  stdin.on('data', onData).once('end', onEnd).once('error', onError);
  try {
    return await promise;
  } finally {
    if (timer) clearTimeout(timer);
    stdin.off('data', onData).off('end', onEnd).off('error', onError);
    // An input that stays open must not keep the process alive after the run.
    stdin.pause();
    if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  }
}

function decode(bytes: Buffer | null): string {
  if (bytes === null) return '';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if (!isUtf8(bytes)) {
    throw new KeelError('invalidInput', `standard input is not valid UTF-8 (first bad byte at ${firstBadByte(bytes)})`);
  }
  return new TextDecoder('utf-8').decode(bytes);
}

/** Offset of the first byte that is not part of valid UTF-8. */
function firstBadByte(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (!isUtf8(bytes.subarray(at, at + width))) return at;
    at += width;
  }
  return at;
}

/** `/dev/null` and terminals: nothing is piped in. */
function isCharacterDevice(fd: number | undefined): boolean {
  if (fd === undefined) return false;
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    // A closed standard input has nothing to read.
    return true;
  }
}
