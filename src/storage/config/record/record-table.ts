import { isTable, type Table } from '../layers/index.ts';
import { changeSettings, tomlKey } from './settings-file.ts';

export interface TableToRecord {
  /** The parts of the table's name, at least two. */
  readonly path: readonly [string, string];
  /** Null: the table is removed, with those below it. */
  readonly table: Table | null;
  /** The project whose configuration it is. Absent: it is the user's own. */
  readonly project?: string;
}

/**
 * Writes a table into a configuration, in the place of the one of that name where there is one.
 * @returns whether that changed anything
 * @throws KeelError as `changeSettings`
 */
export async function recordTable(home: string, { path, table, project }: TableToRecord): Promise<boolean> {
  const { parse, stringify } = await import('smol-toml');
  const [parent, name] = path;
  const written =
    table === null
      ? []
      : stringify({ [parent]: { [name]: table } })
          .trimEnd()
          .split('\n');
  return await changeSettings(home, {
    text: (before) => withTable(before, { path, written, headingOf: (line) => headingOf(line, parse) }),
    values: (before) => withValue(before, path, table),
    names: () => path.map(tomlKey).join('.'),
    ...(project === undefined ? {} : { project }),
  });
}

interface Placing {
  readonly path: readonly string[];
  readonly written: readonly string[];
  /** The name of the table that a line begins; null for any other line. */
  readonly headingOf: (line: string) => readonly string[] | null;
}

/** The table's own lines end with its last value: comments after that are about what follows. */
function withTable(text: string, { path, written, headingOf: heading }: Placing): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const kept: string[] = [];
  /** Lines of which it isn't known yet whether a value of the table follows. */
  let pending: string[] = [];
  let isOwn = false;
  let place: number | null = null;
  for (const line of lines) {
    const name = heading(line);
    if (name !== null) {
      kept.push(...pending);
      pending = [];
      isOwn = path.every((part, at) => name[at] === part);
      if (isOwn) place ??= kept.length;
    }
    if (!isOwn) kept.push(line);
    else if (/^\s*(?:#.*)?$/.test(line)) pending.push(line);
    else pending = [];
  }
  kept.push(...pending);
  if (written.length > 0 && place === null)
    kept.push(...(kept.length === 0 || kept.at(-1) === '' ? [] : ['']), ...written);
  else if (place !== null) kept.splice(place, 0, ...written);
  if (place !== null && written.length === 0) dropGap(kept, place);
  return kept.length === 0 ? '' : `${kept.join('\n')}\n`;
}

/** The blank line that set a removed table apart goes as well. */
function dropGap(lines: string[], at: number): void {
  const isEdge = (index: number) => index < 0 || index >= lines.length || lines[index] === '';
  if (isEdge(at - 1) && isEdge(at)) lines.splice(Math.max(at - 1, 0), 1);
}

function headingOf(line: string, parse: (text: string) => Table): readonly string[] | null {
  if (!/^\s*\[/.test(line)) return null;
  try {
    const path: string[] = [];
    for (let table: unknown = parse(line); isTable(table); ) {
      const [entry] = Object.entries(table);
      if (entry === undefined) break;
      path.push(entry[0]);
      table = Array.isArray(entry[1]) ? entry[1][0] : entry[1];
    }
    return path;
  } catch {
    // A line of a value, such as a list in several lines.
    return null;
  }
}

function withValue(tree: Table, [parent, name]: readonly [string, string], table: Table | null): Table {
  const inner = tree[parent];
  if (table === null && !(isTable(inner) && name in inner)) return tree;
  const { [name]: _, ...others } = isTable(inner) ? inner : {};
  const below = table === null ? others : { ...others, [name]: table };
  const { [parent]: _all, ...rest } = tree;
  return Object.keys(below).length === 0 ? rest : { ...rest, [parent]: below };
}
