import type { ApprovalPolicy, SandboxPolicy } from '../../foundation/protocol/index.ts';
import type { WriteFault } from '../../system/sandbox/index.ts';
import type { RuleVerdict } from '../approvals/index.ts';

/** What a call needs before it runs. */
export type Requirement =
  | { readonly type: 'skip' }
  | { readonly type: 'ask'; readonly reason: string | null }
  /** `message` is the whole answer to the model. */
  | { readonly type: 'forbid'; readonly message: string };

/** The risk of a command by its words: it only reads, it may destroy work, or neither is known. */
export type CommandRisk = 'safe' | 'plain' | 'dangerous';

/** Names of the policies in the message about escalation. */
const policyNames = { untrusted: 'UnlessTrusted', 'on-failure': 'OnFailure', never: 'Never' } as const;

export const NOBODY_CAN_APPROVE = 'not run: this call needs approval and nobody can give it in this run';
const DANGEROUS =
  'rejected: this command may destroy work, which needs approval, and the approval policy is Never. Nothing ran. Do it in a way that can be undone, or leave it to the user.';
const MCP_NEEDS_APPROVAL =
  'rejected: this tool needs approval, and the approval policy is Never. Nothing ran. Do without it, or leave it to the user, who can allow it with approval_mode = "approve" in its settings.';
export const RETRY_REASON = 'command failed; retry without sandbox?';

export interface CommandQuestion {
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  readonly risk: CommandRisk;
  /** The model asks to run it outside the sandbox. */
  readonly escalated: boolean;
  readonly justification: string | null;
}

/** Whether a command needs approval. Only under `on-request` may the model itself ask for it. */
export function commandRequirement(question: CommandQuestion): Requirement {
  const { approvalPolicy, sandboxPolicy, risk, escalated } = question;
  if (escalated && approvalPolicy !== 'on-request') {
    const name = policyNames[approvalPolicy];
    return {
      type: 'forbid',
      message: `approval policy is ${name}: a call can't ask for escalation under it. Send it without with_escalated_permissions.`,
    };
  }
  const leavesSandbox = escalated && sandboxPolicy.mode !== 'danger-full-access';
  if (leavesSandbox) return { type: 'ask', reason: question.justification };
  if (risk === 'safe') return { type: 'skip' };
  if (approvalPolicy === 'untrusted') return { type: 'ask', reason: null };
  if (risk !== 'dangerous') return { type: 'skip' };
  if (approvalPolicy !== 'never') return { type: 'ask', reason: null };
  // The user who chose both policies has allowed everything.
  return sandboxPolicy.mode === 'danger-full-access' ? { type: 'skip' } : { type: 'forbid', message: DANGEROUS };
}

/** Whether a user may be asked to run a command without the sandbox that has just stopped it. */
export function mayRetryUnsandboxed(approvalPolicy: ApprovalPolicy): boolean {
  return approvalPolicy === 'untrusted' || approvalPolicy === 'on-failure';
}

export interface PatchQuestion {
  readonly approvalPolicy: ApprovalPolicy;
  readonly fileCount: number;
  /** The first path of the patch that the policy protects from writing; null if there is none. */
  readonly fault: { readonly path: string; readonly kind: WriteFault } | null;
}

/** Whether a patch needs approval. */
export function patchRequirement({ approvalPolicy, fileCount, fault }: PatchQuestion): Requirement {
  if (fileCount === 0) return { type: 'forbid', message: 'patch rejected: empty patch' };
  if (approvalPolicy === 'untrusted') return { type: 'ask', reason: null };
  if (fault === null) return { type: 'skip' };
  if (approvalPolicy === 'never') {
    return { type: 'forbid', message: `patch rejected: ${faultText(fault)}; rejected by user approval settings` };
  }
  if (fault.kind === 'hardLinks') return { type: 'ask', reason: faultText(fault) };
  return { type: 'ask', reason: 'it writes where the sandbox mode does not allow it' };
}

function faultText({ path, kind }: NonNullable<PatchQuestion['fault']>): string {
  switch (kind) {
    case 'outside':
      return 'writing outside of the project';
    case 'protected':
      return `writing to ${path}, which is protected`;
    case 'hardLinks':
      return `${path} has further hard links, which may be outside of the project`;
  }
}

/**
 * The requirement under the user's rules: a rule that forbids always wins, one that asks does so even where the command would
 * have run, and one that allows replaces a question. A policy that forbids is not overruled.
 */
export function withRule(asked: Requirement, rule: RuleVerdict, approvalPolicy: ApprovalPolicy): Requirement {
  switch (rule.type) {
    case 'none':
      return asked;
    case 'forbidden':
      return { type: 'forbid', message: rule.message };
    case 'allowed':
      return asked.type === 'forbid' ? asked : { type: 'skip' };
    case 'prompt':
      if (asked.type === 'forbid') return asked;
      if (approvalPolicy === 'never')
        return { type: 'forbid', message: `rejected: ${rule.reason}, and the approval policy is Never` };
      return { type: 'ask', reason: rule.reason };
  }
}

/** What a hook of the user's said of a call before it was judged. */
export type HookOpinion =
  | { readonly type: 'none' }
  /** The user need not be asked. */
  | { readonly type: 'allow' }
  /** The user is to be asked. */
  | { readonly type: 'ask'; readonly reason: string };

/**
 * The requirement after what a hook said. It can turn a question into an approval, but only where no more is asked for than the
 * sandbox and the user's rules allow (`mayAllow`), and it can turn an approval into a question. What is forbidden stays so.
 */
export function withHook(
  asked: Requirement,
  opinion: HookOpinion,
  { approvalPolicy, mayAllow }: { readonly approvalPolicy: ApprovalPolicy; readonly mayAllow: boolean },
): Requirement {
  if (asked.type === 'ask') return opinion.type === 'allow' && mayAllow ? { type: 'skip' } : asked;
  if (asked.type === 'forbid' || opinion.type !== 'ask') return asked;
  if (approvalPolicy !== 'never') return { type: 'ask', reason: opinion.reason };
  const message = `rejected: a hook wants the user to be asked (${opinion.reason}), and the approval policy is Never. Nothing ran.`;
  return { type: 'forbid', message };
}

export interface McpQuestion {
  readonly approvalPolicy: ApprovalPolicy;
  /** The tool's own hints. */
  readonly annotations: {
    readonly readOnlyHint?: boolean | undefined;
    readonly destructiveHint?: boolean | undefined;
    readonly openWorldHint?: boolean | undefined;
  };
  /** The user's setting for the tool. */
  readonly approval: 'auto' | 'prompt' | 'approve';
}

/**
 * Whether a call of a server's tool needs approval. A tool without hints counts as destructive and as open to the world,
 * except under `never`: there only a tool that calls itself destructive is refused.
 */
export function mcpRequirement({ approvalPolicy, annotations, approval }: McpQuestion): Requirement {
  const { readOnlyHint = false, destructiveHint, openWorldHint } = annotations;
  if (approval === 'approve') return { type: 'skip' };
  if (approval === 'auto' && readOnlyHint && destructiveHint !== true) return { type: 'skip' };
  if (approvalPolicy === 'never') {
    if (approval === 'auto' && destructiveHint !== true) return { type: 'skip' };
    return { type: 'forbid', message: MCP_NEEDS_APPROVAL };
  }
  if (approval === 'prompt' || approvalPolicy === 'untrusted') return { type: 'ask', reason: null };
  if (destructiveHint ?? true) {
    return {
      type: 'ask',
      reason: destructiveHint ? 'the tool says that it may destroy' : 'the tool may change things',
    };
  }
  return (openWorldHint ?? true) ? { type: 'ask', reason: 'the tool reaches out' } : { type: 'skip' };
}
