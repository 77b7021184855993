import type { ResponseItem } from '../protocol/index.ts';
import { contextMessage } from './context-tags.ts';
import { escaped } from './escape.ts';

export interface InterruptedFacts {
  /** Calls that were cut off, in their short form. */
  readonly calls: readonly string[];
  /** Sessions that go on running. */
  readonly sessions: readonly string[];
}

/** Told after a turn that the user stopped. */
export function interruptionNote({ calls, sessions }: InterruptedFacts): ResponseItem {
  return contextMessage(`<turn_aborted>
The user stopped the turn on purpose.
Cut off: ${listed(calls)}.
Still running: ${listed(sessions)}.
A call that was cut off may have done part of its work: look before you repeat it. Wait for what the user says next and don't resume the old task by yourself.
</turn_aborted>`);
}

/** Told when a thread is taken up again whose last turn ended with keel itself. */
export function crashNote(calls: readonly string[]): ResponseItem {
  return contextMessage(`<turn_aborted>
keel ended unexpectedly during the turn and has been restarted.
Cut off: ${listed(calls)}.
Files are as they were left. Look at them before you repeat anything.
</turn_aborted>`);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.map((name) => escaped(name, 100)).join('; ');
}
