import { isAbsolute } from 'node:path';
import type { SandboxPolicy } from '../../../../foundation/protocol/index.ts';
import type { Config } from '../../../../storage/config/index.ts';
import { type SessionRoots, writeFaultJudge } from '../../../../system/sandbox/index.ts';
import { ErrorCode, MethodError } from '../method.ts';
import type { WirePolicy } from './command-params.ts';

/** How a command is confined. */
export interface AllowedPolicy {
  readonly policy: SandboxPolicy;
  /** Whether the hosts that are configured can be reached. */
  readonly network: 'configured' | 'none';
}

/**
 * The policy that a client asks for, if it reaches no further than the configured one. Where that is full access, every policy does.
 * @throws MethodError for one that reaches further: nothing runs then
 */
export function allowedPolicy(asked: WirePolicy | null, config: Config, roots: SessionRoots): AllowedPolicy {
  const configured = config.sandboxPolicy;
  if (asked === null) return { policy: configured, network: 'configured' };
  const isFull = configured.mode === 'danger-full-access';
  const refuseUnless = (isAllowed: boolean, what: string) => {
    if (isAllowed || isFull) return;
    const message = `${what} reaches further than the configured sandbox (${configured.mode})`;
    throw new MethodError(ErrorCode.invalidRequest, message);
  };
  switch (asked.type) {
    case 'dangerFullAccess':
    case 'externalSandbox':
      refuseUnless(false, asked.type);
      return { policy: configured, network: 'configured' };
    case 'readOnly':
      // Read-only has no network in keel: what would have one isn't confined as asked.
      if (asked.networkAccess) throw unsupported('readOnly with networkAccess');
      return { policy: { mode: 'read-only' }, network: 'none' };
    case 'workspaceWrite': {
      const isWorkspace = configured.mode === 'workspace-write';
      refuseUnless(isWorkspace, asked.type);
      refuseUnless(!asked.networkAccess || (isWorkspace && configured.network_access), 'networkAccess');
      const { home, cwd, env } = config;
      const { hidden, allowGitCommit } = config.sandbox;
      const options = { policy: configured, cwd, env, home, hidden, allowGitCommit, sessionRoots: roots };
      const faultOf = writeFaultJudge(options);
      for (const root of asked.writableRoots) {
        if (!isAbsolute(root)) throw unsupported(`the writable root ${root}, which isn't absolute,`);
        refuseUnless(faultOf(root) === null, `the writable root ${root}`);
      }
      return {
        policy: {
          mode: 'workspace-write',
          writable_roots: [...asked.writableRoots],
          network_access: asked.networkAccess,
          exclude_slash_tmp: asked.excludeSlashTmp || (isWorkspace && configured.exclude_slash_tmp),
          exclude_tmpdir_env_var: asked.excludeTmpdirEnvVar || (isWorkspace && configured.exclude_tmpdir_env_var),
        },
        network: asked.networkAccess ? 'configured' : 'none',
      };
    }
  }
}

function unsupported(what: string): MethodError {
  return new MethodError(ErrorCode.invalidRequest, `${what} is not supported`);
}
