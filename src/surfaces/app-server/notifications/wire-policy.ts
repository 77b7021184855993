import * as z from 'zod';
import {
  ApprovalPolicy,
  type ApprovalRequest,
  type SandboxMode,
  type SandboxPolicy,
} from '../../../foundation/protocol/index.ts';
import { ErrorCode, MethodError } from '../methods/method.ts';

/** A sandbox policy as clients write it. */
export const WireSandboxPolicy = z.discriminatedUnion('type', [
  z.object({ type: z.literal('dangerFullAccess') }),
  z.object({ type: z.literal('readOnly'), networkAccess: z.boolean().default(false) }),
  z.object({
    type: z.literal('workspaceWrite'),
    writableRoots: z.array(z.string()).default([]),
    networkAccess: z.boolean().default(false),
    excludeTmpdirEnvVar: z.boolean().default(false),
    excludeSlashTmp: z.boolean().default(false),
  }),
]);
export type WireSandboxPolicy = z.infer<typeof WireSandboxPolicy>;

/** Names of permission profiles that the protocol has built in. Another one is refused: it may allow less than any of these. */
export const PermissionProfile = z.enum([':read-only', ':workspace', ':danger-full-access']);
const PROFILE_MODES = {
  ':read-only': 'read-only',
  ':workspace': 'workspace-write',
  ':danger-full-access': 'danger-full-access',
} as const;

/** The sandbox of a profile. */
export function profileMode(profile: z.infer<typeof PermissionProfile>): SandboxMode {
  return PROFILE_MODES[profile];
}

/** The same with the details that a mode has by default. */
export function profilePolicy(profile: z.infer<typeof PermissionProfile>): SandboxPolicy {
  const mode = profileMode(profile);
  if (mode !== 'workspace-write') return { mode };
  return { mode, network_access: false, exclude_tmpdir_env_var: false, exclude_slash_tmp: false };
}

/** @throws MethodError for one that keel can't confine */
export function sandboxPolicyOf(policy: WireSandboxPolicy): SandboxPolicy {
  switch (policy.type) {
    case 'dangerFullAccess':
      return { mode: 'danger-full-access' };
    case 'readOnly':
      if (policy.networkAccess) {
        throw new MethodError(ErrorCode.invalidRequest, 'Invalid request: readOnly has no network access in keel');
      }
      return { mode: 'read-only' };
    case 'workspaceWrite':
      return {
        mode: 'workspace-write',
        writable_roots: policy.writableRoots,
        network_access: policy.networkAccess,
        exclude_tmpdir_env_var: policy.excludeTmpdirEnvVar,
        exclude_slash_tmp: policy.excludeSlashTmp,
      };
  }
}

export function wireSandboxPolicy(policy: SandboxPolicy): WireSandboxPolicy {
  switch (policy.mode) {
    case 'danger-full-access':
      return { type: 'dangerFullAccess' };
    case 'read-only':
      return { type: 'readOnly', networkAccess: false };
    case 'workspace-write':
      return {
        type: 'workspaceWrite',
        writableRoots: policy.writable_roots ?? [],
        networkAccess: policy.network_access,
        excludeTmpdirEnvVar: policy.exclude_tmpdir_env_var,
        excludeSlashTmp: policy.exclude_slash_tmp,
      };
  }
}

/** Which questions a client wants to be asked; the others are answered with no, and the turn continues. */
export const AskedKinds = z.object({
  /** To run outside the sandbox, to reach a host, or to change files outside the workspace. */
  sandbox_approval: z.boolean(),
  /** What a rule of the user's asks. */
  rules: z.boolean(),
  /** Calls of MCP servers' tools that need approval, and what such a server asks itself. */
  mcp_elicitations: z.boolean(),
  /** Neither of these is ever asked by keel. */
  request_permissions: z.boolean().default(false),
  skill_approval: z.boolean().default(false),
});
export type AskedKinds = z.infer<typeof AskedKinds>;

/** An approval policy as clients write it: a name, or kinds of questions. */
export const WireApprovalPolicy = z.union([ApprovalPolicy, z.strictObject({ granular: AskedKinds })]);
export type WireApprovalPolicy = z.infer<typeof WireApprovalPolicy>;

/** The policy that decides what needs approval. */
export function approvalPolicyOf(policy: WireApprovalPolicy): ApprovalPolicy {
  return typeof policy === 'string' ? policy : 'on-request';
}

/** Null: everything that needs approval is asked. */
export function askedKinds(policy: WireApprovalPolicy): AskedKinds | null {
  return typeof policy === 'string' ? null : policy.granular;
}

/** Whether a question is of a kind that is asked. */
export function isAsked(request: ApprovalRequest, kinds: AskedKinds | null): boolean {
  if (kinds === null) return true;
  switch (request.type) {
    case 'command':
      // A rule's question about a run outside the sandbox is of both kinds.
      if (request.byRule === true && !kinds.rules) return false;
      return kinds.sandbox_approval || (request.byRule === true && !request.escalated);
    case 'network':
    case 'fileChange':
      return kinds.sandbox_approval;
    case 'mcpToolCall':
    case 'elicitation':
    case 'elicitationUrl':
      return kinds.mcp_elicitations;
    case 'questions':
      return true;
  }
}

/** The protocol has no `on-failure` any more: it asks less often than what is shown for it. */
export function wireApprovalPolicy(
  policy: ApprovalPolicy,
  kinds: AskedKinds | null = null,
): Exclude<WireApprovalPolicy, 'on-failure'> {
  if (kinds !== null && policy === 'on-request') return { granular: kinds };
  return policy === 'on-failure' ? 'on-request' : policy;
}
