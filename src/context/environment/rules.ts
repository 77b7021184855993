import type { ApprovalPolicy, SandboxPolicy } from '../../foundation/protocol/index.ts';

export interface RuleFacts {
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  /** The only hosts that commands may reach; null or absent: no list, the policy alone decides. */
  readonly allowedHosts?: readonly string[] | null;
  /** Whether commands may write what a commit writes in `.git`. Absent: no. */
  readonly allowsCommits?: boolean;
  /** Whether somebody answers approval requests. */
  readonly canAsk: boolean;
  /** Whether the run is interactive. Absent: it is if somebody answers. */
  readonly userPresent?: boolean;
  /** Whether a sandbox enforces the policy on commands on this machine. */
  readonly sandboxEnforced: boolean;
  /** Whether commands without a network have a loopback of their own. Absent: they have. */
  readonly hasLoopback?: boolean;
}

const MAX_HOSTS = 20;
const OWN_LOOPBACK =
  'No network: downloads, installs and remote calls fail. Servers on 127.0.0.1 work, for your other commands too.';

/** The policy in effect: where nobody answers, nothing can be asked. */
export function effectivePolicy({ approvalPolicy, canAsk }: RuleFacts): ApprovalPolicy {
  return canAsk ? approvalPolicy : 'never';
}

/**
 * What the policies in force mean for a call, a line each: reach, network (not without a sandbox), approval, interaction.
 * The lines describe what this machine really enforces: a model that relies on a missing barrier damages people's files.
 */
export function rules(facts: RuleFacts): string[] {
  const isSandboxed = facts.sandboxPolicy.mode !== 'danger-full-access';
  return [reach(facts), ...(isSandboxed ? [network(facts)] : []), approval(facts), interaction(facts)];
}

function reach({ sandboxPolicy: policy, sandboxEnforced, allowsCommits = false }: RuleFacts): string {
  switch (policy.mode) {
    case 'danger-full-access':
      return "There is no sandbox: each call acts on this machine with the user's own rights.";
    case 'read-only':
      return sandboxEnforced
        ? 'Everything can be read, nothing changed.'
        : 'Read anything, change nothing. This is enforced for patches, not for commands (no sandbox): start none that writes.';
    case 'workspace-write': {
      const git = allowsCommits ? "git's hooks and config" : '`.git`';
      const commits = allowsCommits ? ', and commits work' : '';
      return sandboxEnforced
        ? `Writes work under ${writablePlaces(policy)}${commits}; elsewhere, and to ${git} and keel's settings, they fail.`
        : `Write only under ${writablePlaces(policy)}, not to ${git} or keel's settings. This is enforced for patches, not for commands (no sandbox): keep to it.`;
    }
  }
}

function writablePlaces(policy: Extract<SandboxPolicy, { mode: 'workspace-write' }>): string {
  const roots = (policy.writable_roots ?? []).length > 0 ? ['the listed roots'] : [];
  const temp = policy.exclude_slash_tmp || policy.exclude_tmpdir_env_var ? [] : ['temp space'];
  const places = ['the working directory', ...roots, ...temp];
  return places.length < 3 ? places.join(' and ') : `${places.slice(0, -1).join(', ')} and ${places.at(-1)}`;
}

function network(facts: RuleFacts): string {
  const { sandboxPolicy: policy, sandboxEnforced, hasLoopback = true, allowedHosts = null } = facts;
  const isListed = policy.mode === 'workspace-write' && allowedHosts !== null;
  if (isListed && sandboxEnforced) return listedHosts(allowedHosts, facts);
  if (policy.mode === 'workspace-write' && policy.network_access && !isListed) return 'Commands can use the network.';
  if (sandboxEnforced && !hasLoopback)
    return 'No network, 127.0.0.1 included: downloads, installs, remote calls and servers fail.';
  return sandboxEnforced
    ? OWN_LOOPBACK
    : 'The network counts as off, but nothing blocks it: use it only if the user asks.';
}

function listedHosts(hosts: readonly string[], facts: RuleFacts): string {
  const canAsk = effectivePolicy(facts) !== 'never';
  if (hosts.length === 0) {
    return canAsk
      ? 'The network reaches no host until the user allows it: keel asks when a command tries one.'
      : OWN_LOOPBACK;
  }
  const listed = hosts.slice(0, MAX_HOSTS).join(', ');
  const more = hosts.length > MAX_HOSTS ? ` and ${hosts.length - MAX_HOSTS} more` : '';
  return `The network reaches only: ${listed}${more}.${canAsk ? ' keel asks the user about others.' : ''}`;
}

function approval(facts: RuleFacts): string {
  const isUnconfined = facts.sandboxPolicy.mode === 'danger-full-access';
  switch (effectivePolicy(facts)) {
    case 'never':
      return "Approval can't be had. A blocked call stays blocked: do what the limits allow and report what they kept you from.";
    case 'untrusted':
      return "Every command and patch waits for the user's yes; a call can't ask for more. Make few, each easy to judge.";
    case 'on-failure':
      if (isUnconfined) return "Calls run unasked, and a call can't ask.";
      return facts.sandboxEnforced
        ? "When the sandbox blocks a command, keel itself asks the user about a run without it; a call can't ask."
        : "keel itself asks the user about a patch that reaches further; a call can't ask.";
    case 'on-request':
      return isUnconfined
        ? 'No call needs to ask for more.'
        : 'To get past a limit, repeat the call with `with_escalated_permissions` true and a `justification`: that asks the user. Look first for a way that needs no asking.';
  }
}

function interaction({ canAsk, userPresent = canAsk }: RuleFacts): string {
  return userPresent
    ? 'The user reads along and may write at any time.'
    : 'Nobody reads along; questions get no answer.';
}
