import type { State } from '../state.ts';
import type { Frame } from '../terminal/index.ts';
import type { Row } from '../text/index.ts';
import { row } from '../text/index.ts';
import { type Entry, entryRows, textRows } from '../transcript/index.ts';
import { approvalRows, helpRows, pickerRows } from '../views/index.ts';
import { composerRows } from './composer-rows.ts';
import { completionRows, footerRow, queueRows, statusRows } from './foot-rows.ts';
import { streamedRows } from './streamed.ts';

/** How much of the transcript is in the terminal's scrollback already. */
export interface Mark {
  /** Entries of the past, all of their rows. */
  readonly entries: number;
  /** Of the entry after them, the rows that are there already, the blank row before it included. */
  readonly rows: number;
}

export const NO_MARK: Mark = { entries: 0, rows: 0 };

export interface View {
  readonly frame: Frame;
  /** What the scrollback holds once the frame is painted. */
  readonly mark: Mark;
}

/** The state as rows: those that are final since the last frame, and the live region with the cursor. */
export function view(state: State, mark: Mark): View {
  const { past, open } = state.transcript;
  const finished: Row[] = [];
  let { rows: skip } = mark;
  for (const [index, entry] of past.slice(mark.entries).entries()) {
    finished.push(...spaced(state, entry, mark.entries + index === 0).slice(skip));
    skip = 0;
  }
  const [first, ...others] = open;
  const isFirst = past.length === 0;
  const streamed = first === undefined ? { final: [], rest: [] } : split(state, first, isFirst);
  finished.push(...streamed.final.slice(skip));
  const bottom = bottomRows(state);
  const live = [...streamed.rest, ...others.flatMap((entry) => spaced(state, entry, false))];
  const room = Math.max(0, state.size.rows - bottom.rows.length);
  const shown = live.slice(Math.max(0, live.length - room));
  const cursor = bottom.cursor && { ...bottom.cursor, row: bottom.cursor.row + shown.length };
  return {
    frame: { finished, live: [...shown, ...bottom.rows], cursor },
    mark: { entries: past.length, rows: Math.max(skip, streamed.final.length) },
  };
}

/** An entry with the blank row before it; one that shows nothing has none. */
function spaced(state: State, entry: Entry, isFirst: boolean): Row[] {
  const cwd = state.thread?.settings.cwd ?? '/';
  const rows = entryRows(entry, { width: state.size.columns, isFull: false, cwd });
  return isFirst || rows.length === 0 ? rows : [[], ...rows];
}

/** The rows of an entry that can't change any more, and the others. Only answers have some before they are done. */
function split(
  state: State,
  entry: Entry,
  isFirst: boolean,
): { readonly final: readonly Row[]; readonly rest: readonly Row[] } {
  if (entry.type !== 'item' || entry.isDone || entry.item.type !== 'agentMessage') {
    return { final: [], rest: spaced(state, entry, isFirst) };
  }
  const { final, rest } = streamedRows(entry.live, state.size.columns);
  const blank: Row[] = isFirst || final.length + rest.length === 0 ? [] : [[]];
  return final.length === 0 ? { final: [], rest: [...blank, ...rest] } : { final: [...blank, ...final], rest };
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
    return { rows: [[], ...pickerRows(screen.view, size.columns, Math.min(size.rows - 2, 24))], cursor: null };
  }
  if (screen?.type === 'help') return { rows: [[], ...helpRows(size.columns)], cursor: null };
  if (screen?.type === 'prompt') return promptRows(state, screen.view);
  const [dialog] = approvals;
  const asked = dialog === undefined ? [] : [[], ...approvalRows(dialog, approvals.length, size.columns, height)];
  const above = [...asked, [], ...statusRows(state), ...queueRows(state)];
  const composed = composerRows(state);
  const below = [...completionRows(state), footerRow(state)];
  return {
    rows: [...above, ...composed.rows, ...below],
    cursor: { row: above.length + composed.cursor.row, column: composed.cursor.column },
  };
}

function promptRows({ size }: State, { title, text }: { readonly title: string; readonly text: string }): Bottom {
  const lines = textRows(`› ${text}`, size.columns - 1);
  const rows = [
    [],
    ...textRows(title, size.columns, { bold: true, role: 'accent' }),
    ...lines,
    row('Enter: done · Esc: back', { role: 'muted' }),
  ];
  const last = lines.at(-1) ?? [];
  const column = Math.min(
    size.columns - 1,
    last.reduce((sum, { text: part }) => sum + part.length, 0),
  );
  return { rows, cursor: { row: rows.length - 2, column } };
}
