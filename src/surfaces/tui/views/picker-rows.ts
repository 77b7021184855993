import { graphemes, type Row, row, span, textWidth } from '../../text/index.ts';
import { cutTo, oneLine, prefixed, textRows } from '../transcript/index.ts';
import { type PickerView, type PickItem, shownItems } from './picker.ts';

/** Before what is searched for. */
export const SEARCH_SIGN = '› ';

/** Rows of a preview, and the height of a list from which there is one. */
const PREVIEW_ROWS = 4;
const PREVIEW_FROM = 14;

/** A list as rows: as many entries as there is room for, around the selected one. */
export function pickerRows(view: PickerView, width: number, height: number): Row[] {
  const items = shownItems(view);
  const head = [...headRows(view, width), ...(view.query === null ? [] : [searchRow(view.query, width)])];
  const preview = previewRows(items[view.selected], width, height);
  const room = Math.max(1, height - head.length - preview.length - 2);
  const start = Math.max(0, Math.min(view.selected - Math.floor(room / 2), items.length - room));
  const labels = Math.min(Math.floor(width * 0.6), Math.max(8, ...items.slice(start, start + room).map(labelWidth)));
  const rows = items
    .slice(start, start + room)
    .map((item, index) => itemRow(item, { at: start + index, view, width, labels }));
  const nothing = view.isLoading ? 'Reading…' : view.query ? 'Nothing matches.' : 'There is nothing here.';
  return [
    ...head,
    ...(rows.length === 0 ? [row(cutTo(nothing, width), { role: 'muted' })] : rows),
    ...preview,
    [],
    hints(view, items.length, width),
  ];
}

/** What is above the search and the entries. */
export function headRows({ title, note }: PickerView, width: number): Row[] {
  return [
    ...textRows(title, width, { bold: true, role: 'accent' }),
    ...(note === null ? [] : textRows(note, width, { role: 'muted' })),
  ];
}

/** What is known of the selected entry, where the screen has room for it. */
function previewRows(item: PickItem | undefined, width: number, height: number): Row[] {
  if (item?.preview === undefined || height < PREVIEW_FROM) return [];
  const rows = item.preview.flatMap((line) => textRows(line, width - 4, { role: 'muted' }));
  const shown = rows.slice(0, PREVIEW_ROWS);
  // Always as high, so that the list does not move while the user goes through it.
  const fill = Array.from({ length: PREVIEW_ROWS - shown.length }, (): Row => []);
  return [[], ...prefixed(shown, span('  │ ', { role: 'muted' }), span('  │ ', { role: 'muted' })), ...fill];
}

function labelWidth({ label }: PickItem): number {
  return textWidth(oneLine(label)) + 1;
}

interface ItemPlace {
  readonly at: number;
  readonly view: PickerView;
  readonly width: number;
  readonly labels: number;
}

function itemRow({ label, detail, isCurrent }: PickItem, { at, view, width, labels }: ItemPlace): Row {
  const isSelected = at === view.selected;
  const style = isSelected ? ({ role: 'accent', bold: true } as const) : {};
  const number = view.query === null ? `${String(at + 1).padStart(String(view.items.length).length)}. ` : '';
  const sign = `${isSelected ? '›' : ' '} ${number}`;
  const name = cutTo(oneLine(`${label}${isCurrent ? ' (current)' : ''}`), Math.max(4, width - sign.length));
  const gap = ' '.repeat(Math.max(2, labels - textWidth(name) + 2));
  const rest = cutTo(oneLine(detail), Math.max(0, width - sign.length - textWidth(name) - gap.length));
  return [span(sign, style), span(name, style), ...(rest === '' ? [] : [span(gap), span(rest, { role: 'muted' })])];
}

function searchRow(query: string, width: number): Row {
  const room = Math.max(1, width - SEARCH_SIGN.length);
  const shown = query === '' ? span(cutTo('type to search', room), { role: 'muted' }) : span(endOf(query, room));
  return [span(SEARCH_SIGN, { bold: true }), shown];
}

/** The end of a text is where the next letter comes. */
function endOf(text: string, width: number): string {
  const all = graphemes(text);
  let cells = textWidth(text);
  let from = 0;
  for (; cells > width && from < all.length; from += 1) cells -= textWidth(all[from] ?? '');
  return all.slice(from).join('');
}

function hints({ purpose, isEverywhere, armed }: PickerView, count: number, width: number): Row {
  if (armed !== null)
    return row(cutTo('Ctrl-X again: archive the thread, out of this list', width), { role: 'warning' });
  const isThreads = purpose.type === 'resume' || purpose.type === 'fork';
  const where = isEverywhere ? 'only here' : 'everywhere';
  const places = isThreads ? ` · Tab: ${where} · Ctrl-E: rename · Ctrl-X: archive` : '';
  return row(cutTo(`${count} · Enter: choose · Esc: back${places}`, width), { role: 'muted' });
}
