import type { SandboxPolicy, ThreadItem, ThreadItemOf } from '../../foundation/protocol/index.ts';
import { shownPath } from './shown-path.ts';

/** Names that a sentence lists; more of them are counted. */
const MAX_NAMED = 3;
/** Limit for a reason in a sentence, characters; the item has all of it. */
const MAX_REASON_CHARS = 200;

type ChangeStatus = 'declined' | 'failed';

/** A change of a file that was refused or failed, and was not made later in another way. `path` null: the patch named no file. */
interface OpenChange {
  readonly path: string | null;
  readonly status: ChangeStatus;
  readonly reason: string | null;
}

/** A command or a server's tool that was refused and did not run later. */
interface OpenCall {
  readonly call: string;
  readonly reason: string | null;
}

export interface NotDone {
  /** What was not done and what to do about it, a sentence each. */
  readonly messages: readonly string[];
  readonly changes: readonly OpenChange[];
  readonly calls: readonly OpenCall[];
}

/** What a turn leaves undone because it was refused or failed. */
export class NotDoneWatch {
  readonly #cwd: string;
  readonly #policy: SandboxPolicy;
  readonly #changes = new Map<string | null, OpenChange>();
  readonly #calls = new Map<string, OpenCall>();
  #isAnyMade = false;

  constructor(cwd: string, policy: SandboxPolicy) {
    this.#cwd = cwd;
    this.#policy = policy;
  }

  /** Call with each completed item. */
  note(item: ThreadItem): void {
    if (item.type === 'fileChange') this.#noteChange(item);
    if (item.type === 'commandExecution') this.#noteCall(item.command, item.status, item.aggregatedOutput);
    if (item.type === 'mcpToolCall') {
      const call = `${item.server}.${item.tool} ${JSON.stringify(item.arguments) ?? ''}`.trim();
      this.#noteCall(call, item.status, item.error?.message ?? null);
    }
  }

  /** Null: nothing is left undone. */
  summary(): NotDone | null {
    const changes = [...this.#changes.values()];
    const calls = [...this.#calls.values()];
    const messages = [this.#refusedChanges(changes), this.#failedChanges(changes), refusedCalls(calls)];
    const said = messages.filter((message) => message !== null);
    return said.length === 0 ? null : { messages: said, changes, calls };
  }

  #noteChange({ status, changes, reason: why }: ThreadItemOf<'fileChange'>): void {
    const reason = why ?? null;
    if (status === 'completed') {
      this.#isAnyMade = true;
      this.#changes.delete(null);
      for (const { path } of changes) this.#changes.delete(path);
    }
    if (status !== 'declined' && status !== 'failed') return;
    // A patch that names no file was never judged by what it would change; one that was judged would have changed nothing.
    if (changes.length === 0 && status === 'failed') this.#changes.set(null, { path: null, status: 'failed', reason });
    for (const { path } of changes) this.#changes.set(path, { path, status, reason });
  }

  #noteCall(call: string, status: ThreadItemOf<'commandExecution'>['status'], reason: string | null): void {
    if (status === 'declined') this.#calls.set(call, { call, reason });
    else this.#calls.delete(call);
  }

  #refusedChanges(changes: readonly OpenChange[]): string | null {
    const refused = changes.filter(({ status }) => status === 'declined');
    if (refused.length === 0) return null;
    const names = this.#namesOf(refused);
    const what = this.#isAnyMade ? `These changes were refused: ${names}` : 'Nothing was changed';
    const { mode } = this.#policy;
    if (mode === 'read-only') {
      return `${what}: the sandbox is read-only; run again with --full-auto, or trust this folder.`;
    }
    return `${what}: the sandbox (${mode}) or the approval policy does not allow ${this.#isAnyMade ? 'them' : names}; --add-dir DIR makes another directory writable.`;
  }

  #failedChanges(changes: readonly OpenChange[]): string | null {
    const failed = changes.filter(({ status }) => status === 'failed');
    if (failed.length === 0) return null;
    return `These changes failed and were not made later: ${this.#namesOf(failed)}${why(failed)}`;
  }

  #namesOf(changes: readonly OpenChange[]): string {
    return listed(changes.map(({ path }) => (path === null ? 'a patch' : shownPath(path, this.#cwd))));
  }
}

function refusedCalls(calls: readonly OpenCall[]): string | null {
  if (calls.length === 0) return null;
  return `These calls were refused and did not run: ${listed(calls.map(({ call }) => call))}${why(calls)}`;
}

/** The reason of the last one, on one line. */
function why(open: readonly { readonly reason: string | null }[]): string {
  const reason = open.at(-1)?.reason?.replaceAll(/\s+/g, ' ').trim() ?? '';
  return reason === '' ? '' : `: ${reason.slice(0, MAX_REASON_CHARS).toWellFormed()}`;
}

function listed(names: readonly string[]): string {
  const named = names.slice(0, MAX_NAMED).join(', ');
  return names.length > MAX_NAMED ? `${named} and ${names.length - MAX_NAMED} more` : named;
}
