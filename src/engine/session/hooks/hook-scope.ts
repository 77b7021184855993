import { existsSync } from 'node:fs';
import { pathsNamedBy } from '../../../foundation/files/index.ts';
import { findProgram, isInside, realPath } from '../../../foundation/util/index.ts';
import { type Config, programSearch } from '../../../storage/config/index.ts';
import type { Hook, HookScope } from '../../../tools/hooks/index.ts';

const VARIABLE = /\$(?:(\w+)|\{(\w+)\})/g;

/**
 * Where a hook runs: in the sandbox of the session's commands, unless it is the user's own and they have granted their own rights to those. A
 * hook with these must not be made of what commands can write.
 */
export function hookScope({ command, project }: Hook, config: Config, cwd: string): HookScope {
  if (config.hooks.sandbox === 'session' || project !== null) return { type: 'sandboxed' };
  const search = programSearch(config);
  const roots = [...search.roots, cwd, '/tmp', config.env['TMPDIR'] ?? '/tmp'].map((root) => realPath(root));
  const isPlanted = (path: string) => existsSync(path) && roots.some((root) => isInside(realPath(path), root));
  const expanded = command.replaceAll(VARIABLE, (all, one, other) => config.env[one ?? other] ?? all);
  const planted = pathsNamedBy([expanded], cwd).find(isPlanted);
  if (planted !== undefined) {
    return { type: 'refused', reason: `it does not run outside the sandbox, since commands may write ${planted}` };
  }
  const shell = findProgram('sh', search);
  if (shell.type === 'missing') return { type: 'refused', reason: shell.reason };
  return { type: 'unsandboxed', searchPath: shell.searchPath };
}
