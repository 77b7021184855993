import { withNote } from './appended-note.ts';
import type { ToolOutput } from './tool-call.ts';

const MAX_TOLD = 5;

/** What a command gave, with a line that says which hosts were refused to it: programs seldom say so, or why. */
export function withRefusedHosts(output: ToolOutput, hosts: readonly string[], noteMark: string): ToolOutput {
  if (hosts.length === 0) return output;
  const more = hosts.length > MAX_TOLD ? ` and ${hosts.length - MAX_TOLD} more` : '';
  const told = hosts.slice(0, MAX_TOLD).join(', ');
  return withNote(output, `${noteMark} the network sandbox refused ${told}${more}`);
}
