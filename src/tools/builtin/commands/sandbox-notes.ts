import { type Denial, isNetworkDenial } from '../../../system/sandbox/index.ts';
import { type ToolContext, type ToolOutput, withNote } from '../../contract/index.ts';

const MAX_SHOWN_HOSTS = 5;

/** git's words for a lock that it may not make; no setting opens the lock of its config. */
const REFUSED_LOCK =
  /\.git\/(?!config)[^'\n]*\.lock': (?:Read-only file system|Permission denied|Operation not permitted)/;

/** The notes on what the sandbox refused to a command that has ended with this output. */
export function refusalNotes(output: string, denial: Denial | null, context: Pick<ToolContext, 'turn'>): string[] {
  if (denial === null) return [];
  return [...gitNote(output, context), ...escalationNote(denial, context)];
}

/** A commit is refused by a setting, which only the user can change: the report to the user should name it. */
function gitNote(output: string, { turn }: Pick<ToolContext, 'turn'>): string[] {
  if (turn.sandboxPolicy.mode !== 'workspace-write' || turn.allowsCommits || !REFUSED_LOCK.test(output)) return [];
  return [
    `${turn.noteMark} .git is closed to commands. The user can open it to commits: allow_git_commit = true under [sandbox_workspace_write].`,
  ];
}

/**
 * Only if the refusal is certain and the model may ask for escalation. Elsewhere a word about the sandbox would only lead it to
 * look for a way around, except for the network: without one it would try again.
 */
function escalationNote(denial: Denial, { turn }: Pick<ToolContext, 'turn'>): string[] {
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
