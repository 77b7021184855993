import type { RolloutItem } from '../protocol/index.ts';
import { TurnMarks } from './turn-marks.ts';

const ROLLED_BACK = 'thread_rolled_back';

/**
 * The line that takes the last `turns` turns of the user back, with all that followed the first of them. Nothing is
 * removed from the file: whoever reads it passes them over.
 */
export function rollbackLine(turns: number): RolloutItem {
  return { type: 'event_msg', payload: { type: ROLLED_BACK, num_turns: turns } };
}

/** How many turns a line takes back; null for any other line. */
export function rolledBackTurns(line: RolloutItem): number | null {
  if (line.type !== 'event_msg' || line.payload.type !== ROLLED_BACK) return null;
  const count: unknown = Object.entries(line.payload).find(([key]) => key === 'num_turns')?.[1];
  return typeof count === 'number' && count >= 1 ? Math.floor(count) : null;
}

/**
 * The places of the lines that hold after all rollbacks, in order. Of a turn that was taken back the first turn context
 * stays: what the model was told of its surroundings stands before the turn and stays as well.
 */
export function survivingPlaces(lines: readonly RolloutItem[]): number[] {
  const places: number[] = [];
  const marks = new TurnMarks();
  for (const [at, line] of lines.entries()) {
    const turns = rolledBackTurns(line);
    if (turns === null) {
      marks.read(line, places.length);
      places.push(at);
      continue;
    }
    const start = marks.dropTurns(turns);
    if (start !== null) dropFrom(start, places, lines);
  }
  return places;
}

/** The lines that hold after all rollbacks. */
export function survivingLines(lines: readonly RolloutItem[]): readonly RolloutItem[] {
  if (!lines.some((line) => rolledBackTurns(line) !== null)) return lines;
  return survivingPlaces(lines).flatMap((at) => lines[at] ?? []);
}

function dropFrom(start: number, places: number[], lines: readonly RolloutItem[]): void {
  const dropped = places.splice(start);
  const context = dropped.find((at) => lines[at]?.type === 'turn_context');
  if (context !== undefined) places.push(context);
}
