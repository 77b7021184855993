import { basename } from 'node:path';
import { ansiLines, type Row, row, rowWidth, span, textWidth } from '../../text/index.ts';
import { dollars, windowLeft } from '../figures.ts';
import { modeLabel, sandboxLabel } from '../modes.ts';
import type { State } from '../state.ts';
import { type StatusPart, USUAL_PARTS } from '../status-parts.ts';
import { cutRow, cutTo, oneLine } from '../transcript/index.ts';
import { remembered } from './remembered.ts';

/** A longer directory is shortened. */
const DIRECTORY_CELLS = 28;

/** The last row: a hint for a moment, else what the user’s command printed, else the parts that have room. */
export const statusRow = remembered(
  ['hint', 'setup', 'statusText', 'size', 'vim', 'thread', 'usage', 'branch', 'composer'],
  rowOfStatus,
);

type Shown = Pick<State, 'hint' | 'setup' | 'statusText' | 'size' | 'vim' | 'thread' | 'usage' | 'branch' | 'composer'>;

function rowOfStatus(state: Shown): Row {
  const { hint, setup, statusText, size } = state;
  if (hint !== null) return row(cutTo(`  ${hint.text}`, size.columns), { role: 'warning' });
  const line = setup?.statusLine;
  if (line?.type === 'command' && statusText !== null) {
    const [printed = []] = ansiLines([statusText]);
    return cutRow([span('  '), ...printed], size.columns);
  }
  const parts = line?.type === 'parts' ? line.parts : USUAL_PARTS;
  return fitting([...vimText(state), ...parts.flatMap((part) => partText(part, state))], size.columns);
}

function fitting(texts: readonly string[], width: number): Row {
  let shown: Row = [];
  for (const text of texts) {
    const next: Row = [...shown, span(`${shown.length === 0 ? '  ' : ' · '}${text}`, { role: 'muted' })];
    if (rowWidth(next) > width) continue;
    shown = next;
  }
  return shown;
}

/** Where the keys of vim are commands, that is more than a part to choose. */
function vimText({ vim }: Shown): string[] {
  return vim?.mode === 'normal' ? [vim.pending === '' ? 'NORMAL' : `NORMAL ${oneLine(vim.pending)}`] : [];
}

function partText(part: StatusPart, { thread, setup, usage, branch, composer }: Shown): string[] {
  const settings = thread?.settings ?? setup?.settings;
  if (settings === undefined) return [];
  switch (part) {
    case 'mode':
      return [modeLabel(settings)];
    case 'sandbox':
      return [sandboxLabel(settings)];
    case 'model':
      return [`${settings.model}${settings.effort === null ? '' : ` ${settings.effort}`}`];
    case 'context': {
      const left = windowLeft(usage);
      return left === null ? [] : [`${left}% context left`];
    }
    case 'cost':
      return usage.cost === null || usage.cost === 0 ? [] : [dollars(usage.cost)];
    case 'directory':
      return [shownDirectory(settings.cwd, setup?.userHome ?? null)];
    case 'branch':
      return branch === null ? [] : [oneLine(branch)];
    case 'thread':
      return thread?.name ? [oneLine(thread.name)] : [];
    case 'tokens': {
      const total = usage.info?.total_token_usage;
      return total === undefined
        ? []
        : [`${(total.input_tokens + total.output_tokens).toLocaleString('en-US')} tokens`];
    }
    case 'version':
      return setup === null ? [] : [`keel ${setup.version}`];
    case 'help':
      return composer.draft.atoms.length === 0 ? ['? help'] : [];
  }
}

/** From the user's home, and a long one by its last name alone. */
function shownDirectory(path: string, home: string | null): string {
  const isBelow = home !== null && (path === home || path.startsWith(`${home}/`));
  const shown = oneLine(isBelow ? `~${path.slice(home.length)}` : path);
  return textWidth(shown) > DIRECTORY_CELLS ? `…/${oneLine(basename(path))}` : shown;
}
