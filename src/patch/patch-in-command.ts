/** A patch that a command line carries. */
export interface PatchInCommand {
  readonly text: string;
  /** Where the script changes to first; relative to the command's own directory, or absolute. */
  readonly workdir: string | null;
}

const NAMES = ['apply_patch', 'applypatch'];
const SHELLS = ['bash', 'zsh', 'sh'];

/**
 * Finds the patch in an argument list: a direct call of `apply_patch`, or a shell script that is nothing but a
 * here-document call, optionally after `cd DIR &&`. Anything else is an ordinary command; null.
 */
export function patchInCommand(argv: readonly string[]): PatchInCommand | null {
  const [program = '', flag, script] = argv;
  if (NAMES.includes(program)) return argv.length === 2 && flag !== undefined ? { text: flag, workdir: null } : null;
  const isShell = SHELLS.includes(program.slice(program.lastIndexOf('/') + 1));
  if (!isShell || argv.length !== 3 || (flag !== '-lc' && flag !== '-c') || script === undefined) return null;
  return heredocCall(script);
}

/** Whether a command line is a patch without a call of `apply_patch`, which is answered with how to call it. */
export function isBarePatch(argv: readonly string[]): boolean {
  const text = argv.length === 1 ? argv[0] : argv.length === 3 ? argv[2] : undefined;
  return text?.trimStart().startsWith('*** Begin Patch') ?? false;
}

const CALL = new RegExp(
  [
    '^\\s*', // blank lines before
    '(?:cd[ \\t]+(?<dir>\'[^\']*\'|"[^"$`\\\\]*"|[^\\s\'"$`\\\\~*?\\[{;|&<>()#-][^\\s\'"$`\\\\*?\\[{;|&<>()]*)[ \\t]*&&[ \\t]*)?',
    `(?:${NAMES.join('|')})[ \\t]*`,
    '<<(?<tabs>-?)[ \\t]*(?<quote>[\'"]?)(?<delimiter>[A-Za-z_][A-Za-z0-9_]*)\\k<quote>[ \\t]*\\r?\\n',
  ].join(''),
);

function heredocCall(script: string): PatchInCommand | null {
  const call = CALL.exec(script);
  if (!call?.groups) return null;
  const { dir, tabs = '', delimiter = '' } = call.groups;
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
