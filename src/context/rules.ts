import type { ApprovalPolicy, SandboxPolicy } from '../protocol/index.ts';

export interface RuleFacts {
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  /** Whether somebody answers approval requests. */
  readonly canAsk: boolean;
  /** Whether commands are really held to the policy on this machine. */
  readonly sandboxEnforced: boolean;
}

/** What the policies in force mean for a call, a line each: reach, network, approval, interaction. Only what is true now. */
export function rules(facts: RuleFacts): string[] {
  const lines = [reach(facts)];
  if (facts.sandboxPolicy.mode !== 'danger-full-access' && facts.sandboxEnforced)
    lines.push(network(facts.sandboxPolicy));
  lines.push(approval(facts));
  lines.push(
    facts.canAsk ? 'The user reads along and may write at any time.' : 'Nobody reads along; questions get no answer.',
  );
  return lines;
}

function reach({ sandboxPolicy: policy, sandboxEnforced }: RuleFacts): string {
  if (policy.mode === 'danger-full-access') {
    return "There is no sandbox: each call acts on this machine with the user's own rights.";
  }
  if (policy.mode === 'read-only') {
    const line = 'Everything can be read, nothing changed.';
    return sandboxEnforced ? line : `${line} Patches are held to that; commands are not, so start none that writes.`;
  }
  const places = ['the working directory'];
  if ((policy.writable_roots ?? []).length > 0) places.push('the listed roots');
  if (!policy.exclude_slash_tmp && !policy.exclude_tmpdir_env_var) places.push('temp space');
  const where = places.length < 3 ? places.join(' and ') : `${places.slice(0, -1).join(', ')} and ${places.at(-1)}`;
  if (sandboxEnforced) return `Writes work under ${where}; elsewhere, and to \`.git\` and keel's settings, they fail.`;
  return `Write only under ${where}, and not to \`.git\` or keel's settings. Patches are held to that; commands are not, so keep to it.`;
}

function network(policy: SandboxPolicy): string {
  const isOpen = policy.mode === 'workspace-write' && policy.network_access;
  return isOpen ? 'Commands can use the network.' : 'No network: downloads, installs and remote calls fail.';
}

function approval({ approvalPolicy, sandboxPolicy, canAsk }: RuleFacts): string {
  switch (canAsk ? approvalPolicy : 'never') {
    case 'never':
      return "Approval can't be had. A blocked call stays blocked: do what the limits allow and report what they kept you from.";
    case 'untrusted':
      return "Every command and patch waits for the user's yes; a call can't ask for more. Make few, each easy to judge.";
    case 'on-failure':
      return "When the sandbox blocks a command, keel itself asks the user about a run without it; a call can't ask.";
    case 'on-request':
      return sandboxPolicy.mode === 'danger-full-access'
        ? 'No call needs to ask for more.'
        : 'To get past a limit, repeat the call with `with_escalated_permissions` true and a `justification`: that asks the user. Look first for a way that needs no asking.';
  }
}
