import type { CommandSpec, OptionSpec } from './command-spec.ts';

/** Help fits a terminal of this many columns. */
const COLUMNS = 80;
/** Where the text beside a name starts; a longer name has a line of its own. */
const TEXT_COLUMN = 30;

/** The help of a command. */
export function helpText({ usage, about, verbs = {}, ...spec }: CommandSpec): string {
  const uses = usage.map((line, at) => wrapped(`keel ${line}`, at === 0 ? 'Usage: ' : '       ', 11));
  const described = Object.entries(verbs).filter(([, text]) => text !== '');
  const parts = [
    uses.join('\n'),
    ...about.map((text) => wrapped(text)),
    ...(described.length === 0 ? [] : [listed(described)]),
    optionList(spec),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The options under their headings, `--help` last. */
export function optionList({ options, headings = {} }: Pick<CommandSpec, 'options' | 'headings'>): string {
  const shown = Object.entries(options).filter(([, { about }]) => about !== undefined);
  const lines = shown.flatMap(([name, option]) => {
    const heading = headings[name];
    const row = besides(signature(name, option), option.about ?? '');
    return heading === undefined ? [row] : ['', heading, row];
  });
  const all = [...lines, besides('-h, --help', 'show this help')];
  return (all[0] === '' ? all.slice(1) : all).join('\n');
}

/** An option as it is written: `-m, --model MODEL`. */
export function signature(name: string, { short, value, optional, also }: OptionSpec): string {
  const first = short === undefined ? `--${name}` : `-${short}, --${name}`;
  const names = also === undefined ? first : `${first}, --${also}`;
  if (value === undefined) return names;
  return optional ? `${names}[=${value}]` : `${names} ${value}`;
}

/** Names with what each is or does, in two columns as wide as the names need. */
export function listed(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => besides(name, text, width + 4)).join('\n');
}

function besides(name: string, text: string, column = TEXT_COLUMN): string {
  const left = `  ${name}`;
  if (left.length + 2 <= column) return wrapped(text, left.padEnd(column), column);
  return `${left}\n${wrapped(text, ' '.repeat(column), column)}`;
}

/** Text in lines of at most `COLUMNS`; all but the first are indented. A bracketed part of a usage stays whole. */
export function wrapped(text: string, first = '', indent = 0): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.match(/\[[^\]]*\](?:\.\.\.)?|\S+/g) ?? []) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = ' '.repeat(indent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
