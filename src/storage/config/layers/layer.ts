import { KeelError } from '../../../foundation/protocol/index.ts';
import { ownValue, reasonOf } from '../../../foundation/util/index.ts';
import { maskedLines } from './secret-settings.ts';

export type Table = Readonly<Record<string, unknown>>;

/** One source of settings. Later layers win; tables are merged, everything else is replaced. */
export interface Layer {
  /** For people: a path, `profile NAME`, `-c`. */
  readonly name: string;
  readonly table: Table;
  /** The text of a file, to find the line of a key in. */
  readonly text: string | null;
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/**
 * A file of settings. @param read gives its text; null if there is none
 * @throws KeelError `invalidConfig` with file, line and column
 */
export async function readLayer(path: string, read: () => string | null): Promise<Layer | null> {
  const text = textOf(path, read);
  if (text === null) return null;
  const { parse, TomlError } = await import('smol-toml');
  try {
    return { name: path, table: parse(text), text };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.split('\n');
    throw new KeelError(
      'invalidConfig',
      `${path}:${error.line}:${error.column}: ${what}\n${maskedLines(error.codeblock)}`,
      {
        cause: error,
      },
    );
  }
}

function textOf(path: string, read: () => string | null): string | null {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof KeelError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new KeelError('invalidConfig', `${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
}

/** The layers as one table. */
export function mergeLayers(layers: readonly Layer[]): Table {
  return layers.reduce<Table>((all, { table }) => merge(all, table), {});
}

/** Made of entries: an assignment to a key `__proto__` would add settings that nothing checks. */
export function merge(base: Table, over: Table): Table {
  const merged = Object.entries(over).map(([key, value]) => {
    const before = ownValue(base, key);
    return [key, isTable(before) && isTable(value) ? merge(before, value) : value] as const;
  });
  return Object.fromEntries([...Object.entries(base), ...merged]);
}

export function valueAt(table: Table, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)];
    return isTable(value) ? ownValue(value, key) : undefined;
  }, table);
}

/** Which layer's value of a key is in force, and on which line it is. */
export function originOf(layers: readonly Layer[], path: readonly string[]): string {
  const layer = layers.findLast(({ table }) => valueAt(table, path) !== undefined);
  if (!layer) return 'default';
  const line = layer.text === null ? null : lineOf(layer.text, path);
  return line === null ? layer.name : `${layer.name}:${line}`;
}

/** The line on which a dotted key is set, by following table headers; null if it is written in another way. */
function lineOf(text: string, path: readonly string[]): number | null {
  let section = '';
  for (const [at, line] of text.split('\n').entries()) {
    const header = /^\s*\[+([^\]]+)\]+/.exec(line)?.[1];
    if (header !== undefined) section = normalised(header);
    const key = /^\s*([^=#[]+?)\s*=/.exec(line)?.[1];
    const full = header !== undefined ? section : key === undefined ? null : joined(section, normalised(key));
    if (full === path.join('.')) return at + 1;
  }
  return path.length > 1 ? lineOf(text, path.slice(0, -1)) : null;
}

function normalised(key: string): string {
  return key.replaceAll(/["'\s]/g, '');
}

function joined(section: string, key: string): string {
  return section === '' ? key : `${section}.${key}`;
}
