import type { Writable } from 'node:stream';
import { printable, printableStyled, visible } from '../../foundation/util/index.ts';
import type { CommandIo } from './io.ts';

/**
 * The only ways in which a command writes (`scripts/check-floors.js` sees to it): names of files, branches and threads may
 * hold what would steer a terminal, and so may messages of models and servers. It is shown, and has no effect.
 */

/** For people, on standard output. */
export function say(io: Pick<CommandIo, 'stdout'>, text: string): void {
  io.stdout.write(visible(text));
}

/** For people, on standard error: what is beside the result. */
export function note(io: Pick<CommandIo, 'stderr'>, text: string): void {
  io.stderr.write(visible(text));
}

/** The answer of a model: without what would steer a terminal, and as the model wrote it for a file or a program. */
export function answer(io: Pick<CommandIo, 'stdout'>, text: string): void {
  io.stdout.write(io.stdout.isTTY ? printable(text) : text);
}

/** What happens on the way, in keel's own colours. */
export function progress(io: Pick<CommandIo, 'stderr'>, text: string): void {
  io.stderr.write(printableStyled(text));
}

/** For a program, byte for byte; a terminal gets it as people do. */
export function data(io: Pick<CommandIo, 'stdout'>, text: string): void {
  io.stdout.write(fitFor(io.stdout, text));
}

/** Text as it is for a file or a program, and as people are shown it for a terminal. */
export function fitFor(stream: Writable & { readonly isTTY?: boolean }, text: string): string {
  return stream.isTTY ? visible(text) : text;
}
