import type { SandboxPolicy, SessionEventOf } from '../../foundation/protocol/index.ts';
import { userHome } from '../../foundation/util/index.ts';

/** Every row of the header fits this width, characters. */
const WIDTH = 80;

/** What the header shows of the run besides its thread. */
export interface RunFacts {
  readonly version: string;
  readonly provider: string;
  readonly sandboxPolicy: SandboxPolicy;
}

/** The rows of the header, each with its label: where the run works, with what, and what it is allowed to do. */
export function headerRows(
  { cwd, model, effort, threadId }: SessionEventOf<'thread.started'>,
  { provider, sandboxPolicy }: RunFacts,
): readonly (readonly [label: string, value: string])[] {
  const rows = [
    ['workdir', withTilde(cwd)],
    ['model', `${model} (${provider}${effort === null ? '' : `, effort ${effort}`})`],
    ['sandbox', sandboxText(sandboxPolicy)],
    ['session id', threadId],
  ] as const;
  return rows.map(([label, value]) => [label, fitted(value, WIDTH - label.length - 2)]);
}

/** The mode, and the options that change it. */
function sandboxText(policy: SandboxPolicy): string {
  switch (policy.mode) {
    case 'read-only':
      return 'read-only (no changes; --full-auto allows them in the workdir)';
    case 'danger-full-access':
      return 'danger-full-access (nothing is confined; --full-auto confines)';
    case 'workspace-write': {
      const places = ['workdir'];
      if (!policy.exclude_slash_tmp) places.push('/tmp');
      if (!policy.exclude_tmpdir_env_var) places.push('$TMPDIR');
      const more = policy.writable_roots?.length ?? 0;
      if (more > 0) places.push(more === 1 ? '1 more' : `${more} more`);
      const network = policy.network_access ? 'network' : 'no network';
      const remedy = more > 0 ? '' : ' (--add-dir adds)';
      return `workspace-write [${places.join(', ')}] ${network}${remedy}`;
    }
  }
}

function withTilde(path: string): string {
  const home = userHome();
  if (home === null) return path;
  return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** The end of a path or a name says more than its start. */
function fitted(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(1 - width)}`;
}
