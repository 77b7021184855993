import * as z from 'zod';
import type { ApprovalPolicy, SandboxMode, SandboxPolicy } from '../../../foundation/protocol/index.ts';
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

/** The protocol has no `on-failure` any more: it asks less often than what is shown for it. */
export function wireApprovalPolicy(policy: ApprovalPolicy): string {
  return policy === 'on-failure' ? 'on-request' : policy;
}
