import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/*
 * A start of a sandbox, of a shell and of Python takes far longer than most of what tests try in one. So all is tried in one
 * command, each try in a process of its own, and a test for each looks at its outcome.
 */

export interface Tried {
  readonly output: string;
  readonly exitCode: number;
}

/** A script that runs all of these, whatever becomes of the ones before. */
export function batchOf(scripts: readonly string[]): string {
  return scripts.map((script) => `bash -c ${quoted(script)} < /dev/null 2>&1; printf '\\036%d\\037' $?`).join('\n');
}

/** What a batch printed, by its scripts. */
export function outcomesOf(scripts: readonly string[], output: string): ReadonlyMap<string, Tried> {
  const parts = output.split('\u001f').map((part) => part.split('\u001e'));
  return new Map(
    scripts.map((script, at) => [script, { output: parts[at]?.[0] ?? '', exitCode: Number(parts[at]?.[1]) }]),
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export const escapeScript = join(import.meta.dirname, 'escape.py');
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** The names of the ways out that the script knows. */
export const waysOut: readonly string[] = hasPython
  ? execFileSync('python3', [escapeScript, '/', '1', '--list'], { encoding: 'utf8' }).trim().split('\n')
  : [];

/** What the script reports, by the names of the ways. */
export function waysTried(output: string): ReadonlyMap<string, string> {
  const lines = output.trim().split('\n');
  return new Map(lines.map((line) => JSON.parse(line)).map(({ name, outcome }) => [name, outcome]));
}
