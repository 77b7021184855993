import type { ThreadOrigin } from '../../../../engine/session/index.ts';
import { UsageError } from '../../usage.ts';

/** The thread of a run; `id` may also be a name. */
export type ExecTarget = ThreadOrigin;

export interface TargetOptions {
  readonly last: boolean;
  readonly all: boolean;
  readonly takeOver: boolean;
  readonly at?: number;
  readonly rollback?: number;
}

/** The command line names no thread. */
export class NoThreadNamed extends UsageError {
  constructor() {
    super('which thread? give its id or name, or --last');
  }
}

/**
 * `PROMPT`, `resume ID [PROMPT]`, `resume --last [PROMPT]`, or `PROMPT resume ...`, where a prompt after `resume` wins; `fork` likewise.
 * @throws UsageError
 */
export function readWords(
  words: readonly string[],
  options: TargetOptions,
): { readonly target: ExecTarget; readonly prompt: string | null } {
  const at = words.slice(0, 2).findIndex((word) => word === 'resume' || word === 'fork');
  checkOptions(words[at] ?? null, options);
  if (at === -1) {
    if (words.length > 1) throw new UsageError(`one prompt is expected, got ${words.length} words: quote it`);
    return { target: { type: 'new' }, prompt: words[0] ?? null };
  }
  const before = words.slice(0, at);
  const rest = words.slice(at + 1);
  const id = options.last ? null : (rest.shift() ?? null);
  if (!options.last && id === null) throw new NoThreadNamed();
  if (rest.length > 1) throw new UsageError(`unexpected word after the prompt: ${rest[1]}`);
  return { target: targetOf(words[at] === 'fork', id, options), prompt: rest[0] ?? before[0] ?? null };
}

function checkOptions(verb: string | null, { last, all, at, rollback, takeOver }: TargetOptions): void {
  if (at !== undefined && verb !== 'fork') throw new UsageError('--at belongs to fork');
  if (rollback !== undefined && verb !== 'resume') throw new UsageError('--rollback belongs to resume');
  if (takeOver && (verb !== 'resume' || last)) throw new UsageError('--take-over belongs to resume THREAD');
  if (all && !last) throw new UsageError('--all belongs to --last');
  if (last && verb === null) throw new UsageError('--last belongs to resume and fork');
}

/** `id` null: the newest thread. */
function targetOf(isFork: boolean, id: string | null, { all, at, takeOver }: TargetOptions): ExecTarget {
  const anyDirectory = all;
  const userMessages = at ?? null;
  if (isFork)
    return id === null ? { type: 'forkLast', anyDirectory, userMessages } : { type: 'fork', id, userMessages };
  return id === null ? { type: 'resumeLast', anyDirectory } : { type: 'resume', id, ...(takeOver ? { takeOver } : {}) };
}
