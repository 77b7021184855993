import type { TurnWork } from '../../../foundation/protocol/index.ts';
import { type Row, type Style, span } from '../../text/index.ts';
import { shownPath } from './change-rows.ts';
import { oneLine, prefixed, textRows } from './lines.ts';

/** Files that are named; the others are counted. */
const NAMED_FILES = 8;
const NOTES = { add: ' (new)', delete: ' (deleted)', update: '' } as const;

/** What a turn changed and how that was checked, as keel saw it, whatever the model says. */
export function workRows(
  { changed, checks }: TurnWork,
  shape: { readonly width: number; readonly cwd: string },
): Row[] {
  const { width, cwd } = shape;
  const named = changed.slice(0, NAMED_FILES).map(({ path, kind }) => `${shownPath(path, cwd)}${NOTES[kind]}`);
  const more = changed.length - named.length;
  const files = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const lines: readonly (readonly [string, Style])[] =
    checks.length === 0
      ? [['Nothing was checked after the last change.', { role: 'warning' }]]
      : checks.map(({ command, exitCode }) => {
          const passed = exitCode === 0;
          const result = passed ? 'passed' : `failed, exit code ${exitCode}`;
          return [`Checked afterwards: ${oneLine(command)} ${result}`, passed ? {} : { role: 'danger' }];
        });
  return [
    ...prefixed(textRows(`Changed: ${files}`, width - 2), span('• ', { role: 'muted' }), span('  ')),
    ...lines.flatMap(([text, style]) =>
      prefixed(textRows(text, width - 4, style), span('  └ ', { role: 'muted' }), span('    ')),
    ),
  ];
}
