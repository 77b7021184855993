import { parsePatch } from './language/parse.ts';
import { describeFault, fallible } from './patch.ts';
import { verifyPatch } from './verify.ts';
import { applyPatch } from './write/apply.ts';

export interface MainResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const usage = 'Usage: keel apply-patch [PATCH]\nWithout PATCH it is read from standard input.\n';

/** `keel apply-patch`: the patch is the one argument, or comes from standard input. */
export async function applyPatchMain(
  words: readonly string[],
  readInput: () => Promise<string>,
  cwd: string,
): Promise<MainResult> {
  if (words.length > 1) return { exitCode: 2, stdout: '', stderr: `One argument is expected.\n${usage}` };
  const text = words[0] ?? (await readInput());
  if (text === '') return { exitCode: 2, stdout: '', stderr: usage };
  const applied = await fallible(() => {
    const patch = parsePatch(text);
    // The caller has decided that this may be written: the program runs with the caller's own rights.
    return applyPatch(verifyPatch(patch, cwd), () => true);
  });
  if (!applied.ok) return { exitCode: 1, stdout: '', stderr: `${describeFault(applied.fault)}\n` };
  if (applied.value.summary.length === 0) return { exitCode: 1, stdout: '', stderr: 'No files were modified.\n' };
  const notes = applied.value.notes.map((note) => `note: ${note}\n`).join('');
  return { exitCode: 0, stdout: successText(applied.value.summary), stderr: notes };
}

export function successText(summary: readonly string[]): string {
  return `Success. Updated the following files:\n${summary.join('\n')}\n`;
}
