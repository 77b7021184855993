import type { Row } from '../../text/index.ts';
import { row, rowWidth, textWidth } from '../../text/index.ts';
import type { State } from '../state.ts';
import type { Frame } from '../terminal/index.ts';
import { cutRow, type Entry, entryRows, textRows } from '../transcript/index.ts';
import { approvalRows, headRows, type PickerView, pickerRows, SEARCH_SIGN, type TextPrompt } from '../views/index.ts';
import { composerRows } from './composer-rows.ts';
import { completionRows, queueRows, statusRows } from './foot-rows.ts';
import { statusRow } from './status-row.ts';
import { remainingRows, streamedRows, streamedText } from './streamed.ts';

/** How much of the transcript is in the terminal's scrollback already. */
export interface Mark {
  /** Entries of the past, all of their rows. */
  readonly entries: number;
  /** Of the answer after them, which still streams, the pieces that are final. */
  readonly pieces: number;
}

export const NO_MARK: Mark = { entries: 0, pieces: 0 };

export interface View {
  readonly frame: Frame;
  /** What the scrollback holds once the frame is painted. */
  readonly mark: Mark;
}

interface ViewOptions {
  /** Entries of the past that become final in one frame; those behind them, and what is open, come with the next one. Default all. */
  readonly most?: number;
  /** The rows are read out: how long a turn took is left out. Default false. */
  readonly isHeard?: boolean;
}

/** The state as rows: those that are final since the last frame, and the live region with the cursor. */
export function view(state: State, mark: Mark, options: ViewOptions = {}): View {
  const { most = Number.POSITIVE_INFINITY, isHeard = false } = options;
  const { gone, past } = state.transcript;
  const width = state.size.columns;
  const count = gone + past.length;
  const end = Math.min(count, mark.entries + most);
  const open = end < count ? [] : state.transcript.open;
  const finished = past.slice(Math.max(0, mark.entries - gone), end - gone).flatMap((entry, index) => {
    if (isHeard && entry.type === 'turnEnd') return [];
    if (index === 0 && mark.pieces > 0) return endedAnswer(entry, mark.pieces, width);
    return spaced(state, entry, mark.entries + index === 0);
  });
  const known = end === mark.entries ? mark.pieces : 0;
  const [first, ...others] = open;
  const text = streamedText(first);
  const blank: Row[] = count === 0 ? [] : [[]];
  let pieces = 0;
  let top: readonly Row[] = first === undefined || text !== null ? [] : spaced(state, first, count === 0);
  if (text !== null) {
    const streamed = streamedRows(text, known, width);
    pieces = streamed.pieces;
    if (known === 0 && streamed.final.length > 0) finished.push(...blank);
    finished.push(...streamed.final);
    top = pieces === 0 && streamed.rest.length > 0 ? [...blank, ...streamed.rest] : streamed.rest;
  }
  const bottom = bottomRows(state);
  const below = bottom.rows.map((one) => cutRow(one, width));
  const live = [...top, ...others.flatMap((entry) => spaced(state, entry, false))];
  const room = Math.max(0, state.size.rows - bottom.rows.length);
  const shown = live.slice(Math.max(0, live.length - room));
  const cursor = bottom.cursor && { ...bottom.cursor, row: bottom.cursor.row + shown.length };
  return {
    frame: { finished, live: [...shown, ...below], cursor },
    mark: { entries: end, pieces },
  };
}

/** The calls that the user is asked about. */
export function askedCalls({ approvals }: State): string[] {
  return approvals.flatMap(({ request }) => ('callId' in request ? request.callId : []));
}

/** An entry with the blank row before it; one that shows nothing has none. */
function spaced(state: State, entry: Entry, isFirst: boolean): Row[] {
  const cwd = state.thread?.settings.cwd ?? '/';
  const rows = entryRows(entry, { width: state.size.columns, isFull: false, cwd, asked: askedCalls(state) });
  return isFirst || rows.length === 0 ? rows : [[], ...rows];
}

/** The end of an answer of which the first pieces are in the scrollback. */
function endedAnswer(entry: Entry, pieces: number, width: number): Row[] {
  if (entry.type !== 'item' || entry.item.type !== 'agentMessage') return [];
  const rows = remainingRows(entry.item.text, pieces, width);
  return entry.item.interrupted ? [...rows, row('(interrupted)', { role: 'muted' })] : rows;
}

interface Bottom {
  readonly rows: readonly Row[];
  readonly cursor: Frame['cursor'];
}

/** What is below the transcript: what runs, a dialog or list, the composer and the footer. */
function bottomRows(state: State): Bottom {
  const { size, screen, approvals } = state;
  const height = Math.max(4, size.rows - 6);
  if (state.isClosing) return { rows: [[], row('Closing…', { role: 'muted' })], cursor: null };
  if (screen?.type === 'picker') {
    return pickerPart(screen.view, size);
  }
  if (screen?.type === 'prompt') return promptRows(state, screen.view);
  const [dialog] = approvals;
  const asked = dialog === undefined ? [] : [[], ...approvalRows(dialog, approvals.length, size.columns, height)];
  const above = [...asked, [], ...statusRows(state), ...queueRows(state)];
  const composed = composerRows(state);
  const field = dialog === undefined || dialog.denial === null ? null : lastCell(asked, size.columns);
  const below = [...completionRows(state), statusRow(state)];
  return {
    rows: [...above, ...composed.rows, ...below],
    cursor: field ?? { row: above.length + composed.cursor.row, column: composed.cursor.column },
  };
}

/** Behind the last letter of rows: where the next one comes in a field that is their end. */
function lastCell(rows: readonly Row[], columns: number): { readonly row: number; readonly column: number } {
  return { row: rows.length - 1, column: Math.min(columns - 1, rowWidth(rows.at(-1) ?? [])) };
}

/** A list; while it is searched the cursor is where the next letter comes. */
function pickerPart(view: PickerView, { columns, rows: height }: State['size']): Bottom {
  const rows = [[], ...pickerRows(view, columns, Math.min(height - 2, 24))];
  if (view.query === null) return { rows, cursor: null };
  const column = Math.min(columns - 1, SEARCH_SIGN.length + textWidth(view.query));
  return { rows, cursor: { row: 1 + headRows(view, columns).length, column } };
}

function promptRows({ size }: State, { title, text, purpose }: TextPrompt): Bottom {
  const shown = purpose === 'apiKey' ? '•'.repeat([...text].length) : text;
  const lines = textRows(`› ${shown}`, size.columns - 1);
  const rows = [
    [],
    ...textRows(title, size.columns, { bold: true, role: 'accent' }),
    ...lines,
    row('Enter: done · Esc: back', { role: 'muted' }),
  ];
  return { rows, cursor: lastCell(rows.slice(0, -1), size.columns) };
}
