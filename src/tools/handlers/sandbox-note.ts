import { cutBytesEnd } from '../../util/index.ts';
import { withNote } from '../appended-note.ts';
import { textOf } from '../call-facts.ts';
import type { ToolContext, ToolOutput } from '../types.ts';

const MAX_PATH_BYTES = 200;
const READ_ONLY = 'read-only file system';
/** `touch: cannot touch '/etc/x': Read-only file system`, `bash: line 1: /etc/x: Read-only file system`. */
const READ_ONLY_PATH = /(?:['"‘]([^'"’\n]+)['"’]|(?:^|[\s:])([^\s:'"]+)): Read-only file system/i;

/**
 * The output of a command with a line about what its sandbox refused: where asking for more is possible, and on evidence
 * only. A file system is read-only by nothing but the sandbox, while "permission denied" has many causes.
 * @param denial as the orchestrator tells it; null: nothing seems to have been refused
 */
export function withSandboxNote(output: ToolOutput, denial: string | null, { turn }: ToolContext): ToolOutput {
  if (denial === null || turn.approvalPolicy !== 'on-request' || !turn.canAsk) return output;
  const what = refused(denial, textOf(output) ?? '');
  if (what === null) return output;
  return withNote(
    output,
    `${turn.noteMark} The sandbox refused this: ${what}. If the task needs it, repeat the call with escalation.`,
  );
}

function refused(denial: string, text: string): string | null {
  if (denial === READ_ONLY) {
    const [, quoted, plain] = READ_ONLY_PATH.exec(text) ?? [];
    const path = (quoted ?? plain)?.replaceAll(/\p{C}/gu, '');
    return path ? `writing to ${cutBytesEnd(path, MAX_PATH_BYTES)}` : null;
  }
  return denial === 'the network' || denial.startsWith('a system call') ? denial : null;
}
