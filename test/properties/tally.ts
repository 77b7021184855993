import type { Plan } from './plan.ts';
import { parsedLines, textOf } from './reference.ts';
import type { Course } from './world.ts';

/** How often each thing happened over many courses. */
export type Tally = Map<string, number>;

/** Adds what happened in a course: a generator that never gets somewhere is noticed by it. */
export function countsOf({ lives, lines, threadId }: Course, plan: Plan, tally: Tally): void {
  const count = (what: string, times = 1) => {
    if (times > 0) tally.set(what, (tally.get(what) ?? 0) + times);
  };
  count('sequences');
  count('ops', plan.steps.length);
  for (const { events, sent, fate } of lives) {
    count('requests', sent.length);
    count('requests of children', sent.filter((request) => request.threadId !== threadId).length);
    if (fate === 'killed') count(isAtWork(events) ? 'kills in a turn' : 'kills between turns');
    const ids = new Set<string>();
    for (const event of events) {
      if (event.type === 'turn.started') ids.add(event.turnId);
      if (event.type === 'turn.completed') {
        count(event.status === 'interrupted' ? `turns ${event.abortReason}` : `turns ${event.status}`);
      }
      if (event.type === 'error' && event.willRetry) count('retries');
      if (event.type === 'approval.requested') count('questions');
      if (event.type === 'item.completed' && event.item.type === 'contextCompaction') count('compactions tried');
    }
  }
  for (const { type, payload } of parsedLines(lines).values()) {
    if (type === 'compacted') count('compactions');
    if (type !== 'response_item') continue;
    const output = String(payload['output'] ?? '');
    if (/aborted|not run: the turn was stopped/.test(output)) count('calls cut off');
    if (output.startsWith('unknown outcome')) count('calls of unknown outcome');
    if (/"exit_code":0|Exit code: 0/.test(output)) count('effects');
    if (textOf(payload).startsWith('said-')) count('messages');
    if (textOf(payload).startsWith('<user_shell_command>')) count('commands of the user');
  }
}

function isAtWork(events: Course['lives'][number]['events']): boolean {
  return events.findLast(({ type }) => type === 'turn.started' || type === 'turn.completed')?.type === 'turn.started';
}

/** One line a count, for people. */
export function talliedText(tally: Tally): string {
  return [...tally].map(([what, times]) => `  ${times} ${what}`).join('\n');
}
