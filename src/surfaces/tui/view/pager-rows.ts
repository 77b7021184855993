import { diffRows, type Row, row, span } from '../../text/index.ts';
import type { State } from '../state.ts';
import type { Size } from '../terminal/index.ts';
import { cutRow, type Entry, entryRows, exactRows } from '../transcript/index.ts';
import { approvalBody, helpRows, type PagerView } from '../views/index.ts';
import { agentsRows } from './agents-rows.ts';
import { askedCalls } from './view.ts';

/** The title above the text, the rule and the keys below it. */
const AROUND = 2;

export function pagerHeight({ rows }: Size): number {
  return Math.max(1, rows - AROUND);
}

/** Everything that the pager scrolls through. */
export function pagerRows(state: State, { content }: PagerView): readonly Row[] {
  const width = state.size.columns;
  switch (content.type) {
    case 'transcript': {
      const cwd = state.thread?.settings.cwd ?? '/';
      const asked = askedCalls(state);
      const { gone, past } = state.transcript;
      const shown = [...content.earlier, ...past].flatMap((entry) => cachedRows(entry, width, cwd));
      const isCut = gone > 0 && content.earlier.length === 0;
      return [
        ...(isCut ? [row('What was before is in the scrollback of the terminal.', { role: 'muted' }), []] : []),
        ...shown,
        ...state.transcript.open.flatMap((entry) => spacedRows(entry, { width, isFull: true, cwd, asked })),
      ];
    }
    case 'help':
      return helpRows(width);
    case 'agents':
      return agentsRows(state);
    case 'diff':
      return diffRows(content.text, { width, form: 'unified', path: '' });
    case 'text':
      return exactRows(content.text.trimEnd(), width);
    case 'approval': {
      const view = state.approvals.find(({ request }) => request.questionId === content.questionId);
      return view === undefined ? [row('This question is settled.', { role: 'muted' })] : approvalBody(view, width);
    }
  }
}

/** The full screen: the visible part of the text between its title and the keys. */
export function pagerScreen(state: State, view: PagerView): readonly Row[] {
  const rows = pagerRows(state, view);
  const height = pagerHeight(state.size);
  const below = Math.min(view.below, Math.max(0, rows.length - height));
  const shown = rows.slice(Math.max(0, rows.length - height - below), rows.length - below);
  const fill = Array.from({ length: height - shown.length }, (): Row => [span('~', { role: 'muted' })]);
  const percent = rows.length <= height ? 100 : Math.round((100 * (rows.length - below)) / rows.length);
  const jumps = view.content.type === 'transcript' ? ' · p n: your messages' : '';
  const screen = [
    row(titleOf(view.content), { bold: true, role: 'accent' }),
    ...shown,
    ...fill,
    row(`${percent}% · ↑ ↓ PgUp PgDn Home End scroll${jumps} · q closes`, { role: 'muted' }),
  ];
  return screen.map((one) => cutRow(one, state.size.columns));
}

function titleOf(content: PagerView['content']): string {
  if (content.type === 'text') return content.title;
  return {
    transcript: 'Transcript',
    help: 'Help',
    agents: 'Subagents',
    diff: 'Uncommitted changes',
    approval: 'What is asked',
  }[content.type];
}

interface CachedRows {
  readonly width: number;
  readonly rows: readonly Row[];
}

/** Rows of past entries as the pager shows them: these never change, so they are made once for a width. */
const cache = new WeakMap<Entry, CachedRows>();

function cachedRows(entry: Entry, width: number, cwd: string): readonly Row[] {
  const known = cache.get(entry);
  if (known?.width === width) return known.rows;
  const rows = spacedRows(entry, { width, isFull: true, cwd, asked: [] });
  cache.set(entry, { width, rows });
  return rows;
}

function spacedRows(entry: Entry, shape: Parameters<typeof entryRows>[1]): readonly Row[] {
  const made = entryRows(entry, shape);
  return made.length === 0 ? made : [...made, []];
}
