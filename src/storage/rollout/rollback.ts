import { type RolloutItem, TokenUsage } from '../../foundation/protocol/index.ts';
import { TurnMarks } from './turn-marks.ts';

const ROLLED_BACK = 'thread_rolled_back';

export interface Rollback {
  /** The line that says so, for the end of the file. */
  readonly line: RolloutItem;
  /** How many turns it takes back: no more than there are. */
  readonly turns: number;
  /** Everything that was ever written since the first of these turns started, also what was rolled back before. */
  readonly dropped: readonly RolloutItem[];
}

/**
 * Rolls back the last `turns` turns of the user, with all that followed the first of them. Nothing is removed from the
 * file: whoever reads it passes them over. `spent`: the thread's totals so far, which stay. Null: there is no such turn.
 */
export function planRollback(lines: readonly RolloutItem[], turns: number, spent: TokenUsage | null): Rollback | null {
  const { places, marks } = survivors(lines);
  const count = Math.min(turns, marks.turns.filter(({ isOfUser }) => isOfUser).length);
  const start = marks.dropTurns(count);
  const first = start === null ? undefined : places[start];
  if (first === undefined) return null;
  const total = spent === null ? {} : { total_token_usage: spent };
  const line: RolloutItem = { type: 'event_msg', payload: { type: ROLLED_BACK, num_turns: count, ...total } };
  return { line, turns: count, dropped: lines.slice(first) };
}

/** How many turns a line takes back; null for any other line. */
export function rolledBackTurns(line: RolloutItem): number | null {
  if (line.type !== 'event_msg' || line.payload.type !== ROLLED_BACK) return null;
  const count: unknown = Object.entries(line.payload).find(([key]) => key === 'num_turns')?.[1];
  return typeof count === 'number' && count >= 1 ? Math.floor(count) : null;
}

/** What a thread had used in all when it was rolled back, as the line says; null if it doesn't. */
export function spentBefore(payload: Readonly<Record<string, unknown>>): TokenUsage | null {
  if (payload['type'] !== ROLLED_BACK) return null;
  return TokenUsage.safeParse(payload['total_token_usage']).data ?? null;
}

/**
 * The lines that are in force after all rollbacks, in order, and the rollbacks themselves. Call it once, with a file's own lines.
 * Of a turn that was rolled back the first turn context stays, since what the model got about its surroundings is before the turn
 * and stays as well. So does what is known of the files, which a rollback does not change: snapshots, and which of them were used.
 */
export function survivingLines(lines: readonly RolloutItem[]): readonly RolloutItem[] {
  if (!lines.some((line) => rolledBackTurns(line) !== null)) return lines;
  return survivors(lines).places.flatMap((at) => lines[at] ?? []);
}

function survivors(lines: readonly RolloutItem[]): { readonly places: readonly number[]; readonly marks: TurnMarks } {
  const places: number[] = [];
  const marks = new TurnMarks();
  for (const [at, line] of lines.entries()) {
    const turns = rolledBackTurns(line);
    if (turns === null) marks.read(line, places.length);
    else {
      const start = marks.dropTurns(turns);
      if (start !== null) dropFrom(start, places, lines);
    }
    places.push(at);
  }
  return { places, marks };
}

function dropFrom(start: number, places: number[], lines: readonly RolloutItem[]): void {
  const dropped = places.splice(start);
  const context = dropped.find((at) => lines[at]?.type === 'turn_context');
  for (const at of dropped) if (at === context || isOfFiles(lines[at])) places.push(at);
}

function isOfFiles(line: RolloutItem | undefined): boolean {
  if (line?.type === 'response_item') return line.payload.type === 'ghost_snapshot';
  return line?.type === 'event_msg' && line.payload.type === 'undo_completed';
}
