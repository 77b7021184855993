import type { Writable } from 'node:stream';
import { printable, printableStyled, visible } from '../../foundation/util/index.ts';
import type { SecretPlace } from '../../storage/config/index.ts';
import type { CommandIo } from './io.ts';

/**
 * The only functions by which a command writes (`scripts/check-floors.js` checks this). Names of files, branches and threads,
 * and messages of models and servers, may contain control sequences: they are shown, and have no effect.
 */

/** Text for people, on standard output. */
export function say(io: Pick<CommandIo, 'stdout'>, text: string): void {
  io.stdout.write(visible(text));
}

/** Text for people beside the result, on standard error. */
export function note(io: Pick<CommandIo, 'stderr'>, text: string): void {
  io.stderr.write(visible(text));
}

/** A model's answer: without control sequences for a terminal, unchanged for a file or a program. */
export function answer(io: Pick<CommandIo, 'stdout'>, text: string): void {
  io.stdout.write(io.stdout.isTTY ? printable(text) : text);
}

/** Progress of a run, in keel's own colours. */
export function progress(io: Pick<CommandIo, 'stderr'>, text: string): void {
  io.stderr.write(printableStyled(text));
}

/** Text that keel has laid out and styled itself, and that has no control characters of anybody else's. */
export function laidOut(io: Pick<CommandIo, 'stdout'>, text: string): void {
  io.stdout.write(text);
}

/**
 * The live line of a terminal on standard error: replaced, or erased by null. The terminal doesn't wrap it, so that it is always
 * one row.
 */
export function liveLine(io: Pick<CommandIo, 'stderr'>, text: string | null): void {
  const line = text === null ? '' : `\u001b[?7l${printable(text).replaceAll(/[\n\t]/g, ' ')}\u001b[?7h`;
  io.stderr.write(`\r\u001b[K${line}`);
}

/** Data for a program, byte for byte; a terminal gets it as text for people. */
export function data(io: Pick<CommandIo, 'stdout'>, text: string): void {
  io.stdout.write(fitFor(io.stdout, text));
}

/** The text unchanged for a file or a program, with visible control characters for a terminal. */
export function fitFor(stream: Writable & { readonly isTTY?: boolean }, text: string): string {
  return stream.isTTY ? visible(text) : text;
}

/** Where a secret is kept, to follow "kept in". */
export function inWords({ name, whyNot }: SecretPlace): string {
  return `${printable(name)}${whyNot === null ? '' : ` (the system's keyring can't be used: ${printable(whyNot)})`}`;
}
