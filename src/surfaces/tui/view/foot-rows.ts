import { type Row, row, span, textWidth } from '../../text/index.ts';
import { visibleText } from '../composer/index.ts';
import { elapsed } from '../figures.ts';
import type { State } from '../state.ts';
import { cutTo, oneLine, prefixed, textRows } from '../transcript/index.ts';
import { remembered } from './remembered.ts';

/** Rows of a queued message that are shown. */
const QUEUED_ROWS = 3;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
/** How long one picture of the spinner is shown, ms. */
export const SPINNER_MS = 250;

/** What the turn is doing and for how long; nothing while none runs. */
export function statusRows({ turn, now, size, approvals, setup }: State): Row[] {
  if (turn === null) return [];
  const since = turn.pausedSince === null ? now : turn.pausedSince;
  const time = elapsed(since - turn.startedAt - turn.pausedMs);
  const names = {
    compact: 'Compacting',
    review: 'Reviewing',
    undo: 'Undoing',
    user_shell: 'Running',
    regular: 'Working',
  } as const;
  const [asking] = approvals;
  const waits =
    asking === undefined ? null : asking.agent === null ? 'Waiting for you' : `${oneLine(asking.agent)} waits for you`;
  const what = turn.isStopping
    ? 'Stopping'
    : (waits ?? oneLine(turn.hooks[0]?.text ?? turn.wait ?? turn.header ?? names[turn.kind]));
  const picture =
    setup?.isAnimated === false
      ? '•'
      : (SPINNER[Math.floor((since - turn.startedAt) / SPINNER_MS) % SPINNER.length] ?? '•');
  const tail = ` (${time} · Esc interrupts)`;
  const text = cutTo(what, Math.max(4, size.columns - 2 - textWidth(tail)));
  return [[span(`${picture} `, { role: 'accent' }), span(text, { bold: true }), span(tail, { role: 'muted' })]];
}

/** Messages that wait: those that were sent for the next request, and the numbered queue. */
export const queueRows = remembered(
  ['outbox', 'size', 'isQueuePaused', 'editing', 'turn', 'firstMessage'],
  rowsOfQueue,
);

type Queue = Pick<State, 'outbox' | 'size' | 'isQueuePaused' | 'editing' | 'turn' | 'firstMessage'>;

function rowsOfQueue({ outbox, size, isQueuePaused, editing, turn, firstMessage }: Queue): Row[] {
  const width = size.columns - 6;
  const sent = outbox.filter(({ status }) => status === 'sent');
  const queued = outbox.filter(({ status }) => status === 'queued');
  const lines = (text: string, head: string, isEdited: boolean) => {
    const rows = textRows(text, width, { role: 'muted', italic: true, ...(isEdited ? { inverse: true } : {}) });
    const shown = rows.length > QUEUED_ROWS ? [...rows.slice(0, QUEUED_ROWS), row('…', { role: 'muted' })] : rows;
    return prefixed(shown, span(head, { role: 'muted' }), span(' '.repeat(textWidth(head))));
  };
  const rows = [
    ...(firstMessage === null ? [] : lines(visibleText(firstMessage), '  ↳ ', false)),
    ...sent.flatMap(({ atoms }) => lines(visibleText(atoms), '  ↳ ', false)),
    ...queued.flatMap(({ atoms }, index) => lines(visibleText(atoms), `  ${index + 1}. `, editing === index)),
  ];
  if (queued.length === 0) return rows;
  const how =
    isQueuePaused && turn === null
      ? 'Enter sends the next one · Alt-Up edits'
      : 'queued for after the turn · Alt-Up edits';
  const moves = queued.length > 1 ? `${how} · Alt-Shift-Up moves` : how;
  return [...rows, row(cutTo(`     ${moves}`, size.columns), { role: 'muted' })];
}

/** The list under the composer. */
export const completionRows = remembered(['completion', 'size'], rowsOfCompletion);

function rowsOfCompletion({ completion, size }: Pick<State, 'completion' | 'size'>): Row[] {
  if (completion === null) return [];
  const { candidates, selected, kind, query, isLoading } = completion;
  if (candidates.length === 0) {
    const text =
      query === '' && kind === 'file' ? 'type a part of a file name' : isLoading ? 'looking…' : 'nothing matches';
    return [row(`  ${text}`, { role: 'muted' })];
  }
  const most = Math.max(1, Math.min(8, size.rows - 6));
  const start = Math.max(0, Math.min(selected - Math.floor(most / 2), candidates.length - most));
  const sign = { command: '/', file: '', skill: '$' }[kind];
  const shown = candidates.slice(start, start + most);
  const labels = Math.min(Math.floor(size.columns * 0.6), Math.max(...shown.map(({ text }) => textWidth(text) + 1)));
  return shown.map(({ text, detail }, index): Row => {
    const isSelected = start + index === selected;
    const name = cutTo(oneLine(`${sign}${text}`), size.columns - 2);
    const gap = ' '.repeat(Math.max(0, labels - textWidth(name)) + 2);
    const rest = cutTo(oneLine(detail), Math.max(0, size.columns - 2 - textWidth(name) - gap.length));
    const style = isSelected ? ({ role: 'accent', bold: true } as const) : {};
    return [span('  '), span(name, style), ...(rest === '' ? [] : [span(gap), span(rest, { role: 'muted' })])];
  });
}
