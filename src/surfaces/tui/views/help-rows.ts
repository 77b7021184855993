import { type Row, row, span } from '../../text/index.ts';
import { SLASH_COMMANDS } from '../commands/index.ts';
import { prefixed, textRows } from '../transcript/index.ts';

/** Every key that does something in the composer, in the order in which people need them. */
const KEYS: readonly (readonly [key: string, what: string])[] = [
  ['Enter', 'send; while a turn runs, steer it'],
  ['Tab', 'while a turn runs: queue the message for after it'],
  ['Shift-Enter, Alt-Enter, Ctrl-J', 'new line'],
  ['Esc', 'interrupt the turn; twice when idle: edit an earlier message'],
  ['Ctrl-C', 'clear the draft, interrupt, and twice: quit'],
  ['Shift-Tab', 'next mode: read-only, ask, auto'],
  ['/  @  $  !', 'command, file, skill, shell command of your own'],
  ['Up, Down, Ctrl-R', 'what you wrote before; search in it'],
  ['Alt-Up', 'edit a queued message; Alt-Shift-Up, Alt-Shift-Down move it'],
  ['Ctrl-T', 'the whole transcript'],
  ['Ctrl-O', 'the whole output of the last command'],
  ['Alt-R', 'the source text of the last answer'],
  ['Ctrl-G', 'edit the draft in your editor'],
  ['Ctrl-Z', 'suspend keel; fg brings it back'],
  ['Ctrl-U Ctrl-K Ctrl-W Ctrl-Y', 'delete to the start, to the end, a word; put it back'],
  ['Ctrl-_, Alt-_', 'undo, redo'],
];

export function helpRows(width: number): Row[] {
  const keys = KEYS.map(([key, what]) => [key, what] as const);
  const commands = SLASH_COMMANDS.map(
    ({ name, summary, argument }) => [`/${name}${argument === '' ? '' : ` ${argument}`}`, summary] as const,
  );
  return [
    row('Keys', { bold: true, role: 'accent' }),
    ...table(keys, width),
    [],
    row('Commands', { bold: true, role: 'accent' }),
    ...table(commands, width),
  ];
}

function table(rows: readonly (readonly [string, string])[], width: number): Row[] {
  const labels = Math.min(32, Math.floor(width / 2));
  return rows.flatMap(([label, text]) => {
    const head = span(label.padEnd(labels).slice(0, labels));
    return prefixed(textRows(text, Math.max(8, width - labels - 1), { role: 'muted' }), head, span(' '.repeat(labels)));
  });
}
