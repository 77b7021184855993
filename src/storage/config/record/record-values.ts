import { isTable, type Table, valueAt } from '../layers/index.ts';
import { changeSettings, tomlKey } from './settings-file.ts';
import { linesOf, scanToml, type TomlItem } from './toml-lines.ts';

/** A value to write, whatever kind it is of. */
export interface ValueToRecord {
  /** The parts of its key, at least one. */
  readonly path: readonly string[];
  /** As JSON has it; null: the setting is removed. */
  readonly value: unknown;
}

/**
 * Writes values into the user's configuration, all or none. Everything else in the file stays as it is, comments too.
 * @param check sees the text before and after, and throws if it must not be written
 * @throws KeelError as `changeSettings`, and what `check` throws
 */
export async function recordValues(
  home: string,
  values: (before: Table) => readonly ValueToRecord[],
  check: (before: Table, after: string) => Promise<void>,
): Promise<void> {
  const { parse, stringify } = await import('smol-toml');
  let edits: readonly ValueToRecord[] = [];
  let written: Table = {};
  await changeSettings(home, {
    async text(before) {
      const table = parse(before);
      edits = values(table);
      const after = edits.reduce((text, edit) => withValue(text, edit, { parse, stringify }), before);
      try {
        written = parse(after);
      } catch {
        // Its lines don't go together: changeSettings refuses such a text.
        return after;
      }
      await check(table, after);
      return after;
    },
    values: (before) => edits.reduce((table, edit) => valuesWith(table, edit, written), before),
    names: () => edits.map(({ path }) => path.map(tomlKey).join('.')).join(', '),
  });
}

interface Toml {
  readonly parse: (text: string) => Table;
  readonly stringify: (table: Table) => string;
}

function withValue(text: string, { path, value }: ValueToRecord, { parse, stringify }: Toml): string {
  const lines = linesOf(text);
  const { items, sections } = scanToml(lines, parse);
  const ownItems = items.filter((item) => startsWith(item.path, path));
  const ownSections = sections.filter((section) => startsWith(section.path, path));
  const dropped = new Set([...ownItems, ...ownSections].flatMap(({ start, end }) => range(start, end)));
  const kept = (upTo: number) => range(0, upTo).filter((at) => !dropped.has(at)).length;
  const rest = lines.filter((_, at) => !dropped.has(at));
  if (value === null) return textOf(rest);
  const nested = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), withoutNulls(value));
  const written = linesOf(stringify(isTable(nested) ? nested : {}));
  const isSection = isTable(value) ? Object.keys(value).length > 0 : Array.isArray(value) && value.some(isTable);
  if (isSection) {
    const [first] = ownSections;
    if (first === undefined) return textOf([...rest, ...gapAfter(rest), ...written]);
    return textOf(rest.toSpliced(kept(first.start), 0, ...written));
  }
  const line = written.at(-1) ?? '';
  const same = ownItems.find((item) => item.path.length === path.length);
  if (same !== undefined) return textOf(rest.toSpliced(kept(same.start), 0, lineIn(same, path, line)));
  const parent = path.slice(0, -1);
  if (parent.length === 0) return textOf([line, ...rest]);
  const heading = sections.find((section) => startsWith(section.path, parent) && section.path.length === parent.length);
  if (heading !== undefined && !heading.isList) return textOf(rest.toSpliced(kept(heading.start) + 1, 0, line));
  return textOf([...rest, ...gapAfter(rest), `[${parent.map(tomlKey).join('.')}]`, line]);
}

/** The line of a value where its key is written from another table, `tui.theme` at the top. */
function lineIn({ section }: TomlItem, path: readonly string[], line: string): string {
  const key = path.slice(section.length).map(tomlKey).join('.');
  return key + line.slice(line.indexOf(' = '));
}

function valuesWith(table: Table, { path, value }: ValueToRecord, written: Table): Table {
  const [first = '', ...rest] = path;
  const { [first]: inner, ...others } = table;
  if (rest.length === 0) return value === null ? others : { ...others, [first]: withoutNulls(value) };
  const innerWritten = valueAt(written, [first]);
  const below = valuesWith(
    isTable(inner) ? inner : {},
    { path: rest, value },
    isTable(innerWritten) ? innerWritten : {},
  );
  // A table of which nothing is left is gone, unless it has a heading of its own.
  const isGone = Object.keys(below).length === 0 && innerWritten === undefined;
  return isGone ? others : { ...others, [first]: below };
}

/** TOML has no null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((entry) => entry !== null).map(withoutNulls);
  if (!isTable(value)) return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== null);
  return Object.fromEntries(entries.map(([key, entry]) => [key, withoutNulls(entry)]));
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((part, at) => path[at] === part);
}

function gapAfter(lines: readonly string[]): readonly string[] {
  return lines.length === 0 || lines.at(-1) === '' ? [] : [''];
}

function textOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
}
