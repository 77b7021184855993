import { type Denial, isNetworkDenial } from '../../../system/sandbox/index.ts';
import { type ToolContext, type ToolOutput, withNote } from '../../contract/index.ts';

const MAX_SHOWN_HOSTS = 5;

/** git's words for a lock that it may not make; no setting opens the lock of its config. */
const REFUSED_LOCK =
  /\.git\/(?!config)[^'\n]*\.lock': (?:Read-only file system|Permission denied|Operation not permitted)/;

/** The notes on what the sandbox refused to a command, which printed `output`. */
export function refusalNotes(
  denial: Denial | null,
  output: string,
  { turn }: Pick<ToolContext, 'turn'>,
): readonly string[] {
  return denial === null ? [] : [...gitNotes(output, turn), ...denialNotes(denial, turn)];
}

/** Commits are refused by a setting that only the user can change: the model's report should name it. */
function gitNotes(output: string, { sandboxPolicy, allowsCommits, noteMark }: ToolContext['turn']): string[] {
  if (sandboxPolicy.mode !== 'workspace-write' || allowsCommits || !REFUSED_LOCK.test(output)) return [];
  return [
    `${noteMark} .git is closed to commands. The user can open it to commits: allow_git_commit = true under [sandbox_workspace_write].`,
  ];
}

/**
 * Only if the refusal is certain and the model may ask for escalation. Elsewhere a word about the sandbox would only lead it
 * to look for a way around, except for the network: without one it would try again.
 */
function denialNotes(denial: Denial, turn: ToolContext['turn']): string[] {
  if (!denial.isCertain) return [];
  if (turn.approvalPolicy !== 'on-request' || !turn.canAsk)
    return isNetworkDenial(denial) ? [noNetwork(denial, turn)] : [];
  const cure = 'If the task needs it, repeat the call with escalation.';
  return [`${turn.noteMark} The sandbox refused this: ${denial.what}. ${cure}`];
}

function noNetwork({ what }: Denial, { noteMark }: ToolContext['turn']): string {
  return `${noteMark} There is no access to ${what}. Waiting or another try does not help.`;
}

/** Appends the hosts that the sandbox refused to a command: programs seldom say so, or why. */
export function withRefusedHosts(output: ToolOutput, hosts: readonly string[], noteMark: string): ToolOutput {
  if (hosts.length === 0) return output;
  const more = hosts.length > MAX_SHOWN_HOSTS ? ` and ${hosts.length - MAX_SHOWN_HOSTS} more` : '';
  const shown = hosts.slice(0, MAX_SHOWN_HOSTS).join(', ');
  return withNote(output, `${noteMark} the network sandbox refused ${shown}${more}`);
}
