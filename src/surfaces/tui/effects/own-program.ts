import { once } from 'node:events';
import { resolve } from 'node:path';
import { launcherPath, userHome } from '../../../foundation/util/index.ts';
import { type Config, commandEnvironment, type Environment, programSearch } from '../../../storage/config/index.ts';
import { openAddress, startProgram } from '../../../system/process/index.ts';

/** Output beyond this is dropped, characters. */
const MAX_OUTPUT_CHARS = 1024 * 1024;

export interface ProgramPlace {
  readonly cwd: string;
  /** As keel itself was started with. */
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/**
 * Writes the record of a thread as a page, in another process: a long one would stop the terminal for as long.
 * @param file its end says as what; relative to the directory of `place`
 * @returns where the page is
 * @throws Error with what `keel export` says
 */
export async function exportThread(threadId: string, file: string, place: ProgramPlace): Promise<string> {
  const path = resolve(place.cwd, file.replace(/^~(?=\/)/, userHome(place.env) ?? '~'));
  const form = path.endsWith('.md') ? '--md' : '--html';
  const { code, output } = await ownProgram(['export', threadId, form, '-o', path], place);
  if (code !== 0) throw new Error(output.trim() || 'the page was not written');
  return path;
}

/** What `keel doctor` says, whatever it has found. @throws Error if it can't be run */
export async function doctorReport(place: ProgramPlace): Promise<string> {
  const { output } = await ownProgram(['doctor'], place);
  return output;
}

/** @returns whether there is a browser here */
export function openInBrowser(url: string, config: Config): boolean {
  return openAddress(url, { search: programSearch(config), env: commandEnvironment(config, config.env) });
}

/** Runs keel's own program until it ends; an abort ends it. */
async function ownProgram(words: readonly string[], { cwd, env, signal }: ProgramPlace) {
  const launcher = launcherPath();
  if (launcher === null) throw new Error('the program of keel is not where it was installed');
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = startProgram(process.execPath, [launcher, ...words], { cwd, env, signal, stdio: [...stdio] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, MAX_OUTPUT_CHARS);
    });
  }
  await once(child, 'close');
  return { code: child.exitCode, output };
}
