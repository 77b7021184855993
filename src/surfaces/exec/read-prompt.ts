import { isUtf8 } from 'node:buffer';
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { KeelError } from '../../foundation/protocol/index.ts';
import { decodeText, utf16MarkOf } from '../../foundation/util/index.ts';
import { hasPipelineWriter } from './pipeline.ts';

/** How long a run with a prompt waits for the first byte of an input that may stay silent forever, ms. */
const SILENT_PIPE_MS = 1_000;

/** More than any model takes; an endless input must not fill the memory. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

export interface PromptSource {
  /** The prompt argument; `-` and null both mean standard input. */
  readonly argument: string | null;
  /** Opened only if there is something to read. */
  readonly stdin: () => Readable & { readonly isTTY?: boolean; readonly fd?: number };
  /** The descriptor of standard input; absent: the stream has one, or none. */
  readonly stdinFd?: number | undefined;
  /** Shows a line on stderr. */
  readonly notice: (text: string) => void;
  /** Standard input may be empty: the run has other work. */
  readonly optional: boolean;
}

/**
 * The prompt of a run: the argument, standard input, or both (the input then follows in a `<stdin>` block). A run that has a
 * prompt waits for the end of its pipeline, and never for an input that is merely open.
 * @returns null if there is none and the source is optional
 * @throws KeelError `invalidInput`
 */
export async function readPrompt(source: PromptSource): Promise<string | null> {
  const { argument } = source;
  if (argument !== null && argument !== '-') {
    const piped = await readExtraInput(source);
    // A script whose variable isn't set, for example: nobody means to send that.
    if (argument.trim() === '' && piped.trim() === '') throw new KeelError('invalidInput', 'the prompt is empty');
    return piped.trim() === '' ? argument : `${argument}\n\n<stdin>\n${piped.trimEnd()}\n</stdin>`;
  }
  if (argument === null && isDevice(source)) {
    if (source.optional) return null;
    throw new KeelError('invalidInput', 'no prompt: give one as an argument or on standard input');
  }
  if (argument === null && !source.optional) source.notice('Reading the prompt from standard input...');
  const text = decode(await readAll(source, argument === null && source.optional));
  if (text.trim() !== '') return text;
  if (source.optional) return null;
  throw new KeelError('invalidInput', 'no prompt: standard input was empty');
}

async function readExtraInput(source: PromptSource): Promise<string> {
  if (isDevice(source)) return '';
  const bytes = await readAll(source, true);
  if (bytes === null) source.notice('Standard input is open but silent: continuing without it.');
  return decode(bytes);
}

/** All bytes of standard input; null if it `mayStaySilent`, stays silent, and no program of a pipeline can still write to it. */
async function readAll(source: PromptSource, mayStaySilent: boolean): Promise<Buffer | null> {
  const stdin = source.stdin();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
  const onSilence = () => {
    if (stdin.fd === undefined || !hasPipelineWriter(stdin.fd)) resolve(null);
    else source.notice('Waiting for the end of the pipe on standard input...');
  };
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = mayStaySilent ? setTimeout(onSilence, SILENT_PIPE_MS) : null;
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
  if (utf16MarkOf(bytes) === null && !isUtf8(bytes)) {
    throw new KeelError('invalidInput', `standard input is not valid UTF-8 (first bad byte at ${firstBadByte(bytes)})`);
  }
  return decodeText(bytes);
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
function isDevice({ stdin, stdinFd }: PromptSource): boolean {
  if (stdinFd !== undefined) return isCharacterDevice(stdinFd);
  const { isTTY = false, fd } = stdin();
  return isTTY || (fd !== undefined && isCharacterDevice(fd));
}

function isCharacterDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    // A closed standard input has nothing to read.
    return true;
  }
}
