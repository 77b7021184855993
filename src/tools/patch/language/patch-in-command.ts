import { PatchFailure } from '../patch.ts';
import { parsePatch } from './parse.ts';

/** A patch that a command line carries. */
export interface PatchInCommand {
  readonly text: string;
  /** The directory that the script changes to first; relative to the command's own directory, or absolute. */
  readonly workdir: string | null;
}

const NAMES = ['apply_patch', 'applypatch'];
const SHELLS = ['bash', 'zsh', 'sh'];

/**
 * Finds the patch in an argument list: a direct call of `apply_patch`, or a shell script that is nothing but a
 * here-document call, optionally after `cd DIR &&`. Anything else is an ordinary command; null.
 */
export function patchInCommand(argv: readonly string[]): PatchInCommand | null {
  const [program = '', patch] = argv;
  if (NAMES.includes(program)) return argv.length === 2 && patch !== undefined ? { text: patch, workdir: null } : null;
  const script = shellScript(argv);
  return script === null ? null : heredocCall(script);
}

/** Whether a command line is a patch without a call of `apply_patch`, which is answered with how to call it. */
export function isBarePatch(argv: readonly string[]): boolean {
  const text = argv.length === 1 ? argv[0] : shellScript(argv);
  if (text === undefined || text === null || !text.includes('*** Begin Patch') || patchInCommand(argv)) return false;
  try {
    parsePatch(text);
    return true;
  } catch (error) {
    if (error instanceof PatchFailure) return false;
    throw error;
  }
}

/** The script of a command line that is nothing but a shell running one. */
function shellScript([program = '', flag, script, ...more]: readonly string[]): string | null {
  const name = program.slice(program.lastIndexOf('/') + 1).replace(/\.exe$/, '');
  if (!SHELLS.includes(name) || (flag !== '-lc' && flag !== '-c') || more.length > 0) return null;
  return script ?? null;
}

/** A literal word: nothing in it that a shell would expand, nor an option. */
const DIRECTORY = ["'(?!-)[^']*'", '"(?!-)[^"$`\\\\]*"', '(?![-#~])[^\\s\'"$`\\\\~*?\\[{;|&<>()]+'].join('|');
const DELIMITER = '(?<quote>[\'"])(?<quoted>[^\'"\\n]+)\\k<quote>|(?<plain>[^\\s\'"$`\\\\;|&<>()]+)';
const CALL = new RegExp(
  [
    '^\\s*', // blank lines before
    `(?:cd[ \\t]+(?<dir>${DIRECTORY})[ \\t]*&&\\s*)?`,
    `(?:${NAMES.join('|')})[ \\t]*`,
    `<<(?<tabs>-?)[ \\t]*(?:${DELIMITER})[ \\t]*\\r?\\n`,
  ].join(''),
);

function heredocCall(script: string): PatchInCommand | null {
  const call = CALL.exec(script);
  if (!call?.groups) return null;
  const { dir, tabs = '', quoted, plain } = call.groups;
  const delimiter = quoted ?? plain ?? '';
  const lines = script.slice(call[0].length).split('\n');
  const strip = (line: string) => (tabs === '-' ? line.replace(/^\t+/, '') : line);
  const end = lines.findIndex((line) => strip(line).replace(/\r$/, '') === delimiter);
  if (end === -1) return null;
  const isAlone = lines.slice(end + 1).every((line) => line.trim() === '');
  if (!isAlone) return null;
  return { text: lines.slice(0, end).map(strip).join('\n'), workdir: dir === undefined ? null : unquoted(dir) };
}

function unquoted(word: string): string {
  return /^(['"]).*\1$/s.test(word) ? word.slice(1, -1) : word;
}
