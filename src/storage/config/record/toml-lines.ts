import { isTable, type Table } from '../layers/index.ts';

/** Up to the first `=` outside quotes. */
const KEY = /^\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^="'#[])+?)\s*=/;
/** A value of more lines is not looked for: it would be parsed as often as it has lines. */
const MAX_VALUE_LINES = 2_000;

interface Extent {
  /** The first line, and the one after the last. */
  readonly start: number;
  readonly end: number;
  readonly path: readonly string[];
}

/** A key with its value. */
export interface TomlItem extends Extent {
  /** The table that its lines are in. */
  readonly section: readonly string[];
}

/** The heading of a table with all that is below it, up to the next heading. */
export interface TomlSection extends Extent {
  /** One of a list of tables, `[[name]]`. */
  readonly isList: boolean;
}

export interface TomlLines {
  readonly items: readonly TomlItem[];
  readonly sections: readonly TomlSection[];
}

export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Finds which lines set what. Lines that can't be made sense of set nothing: whoever changes lines has to check the result. */
export function scanToml(lines: readonly string[], parse: (text: string) => Table): TomlLines {
  const items: TomlItem[] = [];
  const headings: (Omit<TomlSection, 'end'> & { lastUsed: number })[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const path = pathOf(line, parse);
    if (path !== null) {
      headings.push({ start: at, path, isList: /^\s*\[\[/.test(line), lastUsed: at });
      continue;
    }
    const key = KEY.exec(line)?.[1];
    const own = key === undefined ? null : pathOf(`${key} = 0`, parse);
    if (own === null) continue;
    const end = endOfValue(lines, at, parse);
    const heading = headings.at(-1);
    const section = heading?.path ?? [];
    items.push({ start: at, end, path: [...section, ...own], section });
    if (heading !== undefined) heading.lastUsed = end - 1;
    at = end - 1;
  }
  // Comments after the last value are about what follows.
  const sections = headings.map(({ lastUsed, ...heading }) => ({ ...heading, end: lastUsed + 1 }));
  return { items, sections };
}

/** The line after a value that starts at a line. */
function endOfValue(lines: readonly string[], start: number, parse: (text: string) => Table): number {
  const last = Math.min(lines.length, start + MAX_VALUE_LINES);
  for (let end = start + 1; end <= last; end += 1) {
    if (isToml(lines.slice(start, end).join('\n'), parse)) return end;
  }
  return start + 1;
}

function isToml(text: string, parse: (text: string) => Table): boolean {
  try {
    parse(text);
    return true;
  } catch {
    // Its end is further down.
    return false;
  }
}

/** The parts of the name that a line of TOML is about, a heading or a key; null for any other line. */
function pathOf(line: string, parse: (text: string) => Table): readonly string[] | null {
  if (!/^\s*(?:\[|.*= 0$)/.test(line)) return null;
  try {
    const path: string[] = [];
    for (let table: unknown = parse(line); isTable(table); ) {
      const [entry] = Object.entries(table);
      if (entry === undefined) break;
      path.push(entry[0]);
      table = Array.isArray(entry[1]) ? entry[1][0] : entry[1];
    }
    return path.length === 0 ? null : path;
  } catch {
    // A line of a value, such as a list in several lines.
    return null;
  }
}
