import { type Row, type Span, span } from '../../text/index.ts';
import { COMPOSER_MARGIN, cellText, layoutOf } from '../composer/index.ts';
import type { State } from '../state.ts';
import type { CursorPosition } from '../terminal/index.ts';
import { remembered } from './remembered.ts';

/** Rows of a draft that are shown at once; a longer one scrolls. */
const MOST_ROWS = 12;
const FILL = span('', { role: 'user' });

export interface Composed {
  readonly rows: readonly Row[];
  readonly cursor: CursorPosition;
}

/** The draft on its tint, with the cursor where the next letter comes. */
export const composerRows = remembered(['composer', 'size', 'turn', 'thread', 'opening', 'setup'], composed);

type Written = Pick<State, 'composer' | 'size' | 'turn' | 'thread' | 'opening' | 'setup'>;

function composed({ composer, size, turn, thread, opening, setup }: Written): Composed {
  const { draft } = composer;
  const width = Math.max(1, size.columns - COMPOSER_MARGIN);
  const layout = layoutOf(draft, width);
  const most = Math.max(1, Math.min(MOST_ROWS, size.rows - 4));
  const start = Math.max(0, Math.min(layout.row - Math.floor(most / 2), layout.rows.length - most));
  const shown = layout.rows.slice(start, start + most);
  const rows = shown.map(({ from, to }, index): Row => {
    const isFirst = start + index === 0;
    const sign = span(isFirst ? '› ' : '  ', { role: 'user', bold: true });
    return [sign, ...spans(draft.atoms.slice(from, to)), FILL];
  });
  const isEmpty = draft.atoms.length === 0;
  const waiting = thread === null && opening === null && setup === null ? 'Starting' : 'Ask for something';
  const placeholder = turn === null ? waiting : 'Enter steers, Tab queues';
  const first: Row = [span('› ', { role: 'user', bold: true }), span(placeholder, { role: 'user', dim: true }), FILL];
  return {
    rows: isEmpty ? [first] : rows,
    cursor: {
      row: isEmpty ? 0 : layout.row - start,
      column: Math.min(size.columns - 1, 2 + (isEmpty ? 0 : layout.column)),
    },
  };
}

/** Text between elements is one span. */
function spans(atoms: State['composer']['draft']['atoms']): Span[] {
  const found: Span[] = [];
  let text = '';
  const endText = () => {
    if (text !== '') found.push(span(text, { role: 'user' }));
    text = '';
  };
  for (const atom of atoms) {
    if (typeof atom === 'string') text += cellText(atom);
    else {
      endText();
      found.push(span(cellText(atom), { role: 'user', bold: true }));
    }
  }
  endText();
  return found;
}
