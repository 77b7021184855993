import { existsSync, mkdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { readHomeFile } from './layers/index.ts';

/** A setting of the user's to write. `table`: the parts of its table's name; empty: the top of the file. */
export interface SettingToRecord {
  readonly table: readonly string[];
  readonly key: string;
  /** Null: the setting is removed. */
  readonly value: string | null;
}

/**
 * Writes settings into the user's configuration, and leaves everything else in the file as it is, comments too.
 * @throws KeelError `invalidConfig` if the file is written in a way that can't be changed so, `storageFailed`; it is unchanged then
 */
export async function recordSettings(home: string, settings: readonly SettingToRecord[]): Promise<void> {
  const { parse } = await import('smol-toml');
  const path = join(home, 'config.toml');
  const before = readHomeFile(home, 'config.toml') ?? '';
  const after = settings.reduce(withSetting, before);
  if (after === before) return;
  if (!isExactly(before, after, settings, parse)) {
    const names = settings.map(({ table, key }) => [...table, key].join('.')).join(', ');
    throw new KeelError(
      'invalidConfig',
      `${path} can't be changed without touching other settings: set ${names} there`,
    );
  }
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    // A link to the file stays one.
    const place = existsSync(path) ? realpathSync(path) : path;
    const temporary = `${place}.${process.pid}.new`;
    writeFileSync(temporary, after, { mode: 0o600 });
    renameSync(temporary, place);
  } catch (cause) {
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}`, { cause });
  }
}

/** Writes whether the user trusts a project. `folder`: as `trustPlace` names it. @throws KeelError as `recordSettings` */
export async function recordTrust(home: string, folder: string, level: 'trusted' | 'untrusted'): Promise<void> {
  await recordSettings(home, [{ table: ['projects', folder], key: 'trust_level', value: level }]);
}

function withSetting(text: string, { table, key, value }: SettingToRecord): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const isHeading = (line: string) => /^\s*\[/.test(line);
  const heading = table.length === 0 ? -1 : lines.findIndex((line) => namesTable(line, table));
  const line = value === null ? null : `${key} = ${JSON.stringify(value)}`;
  if (table.length > 0 && heading === -1) {
    if (line === null) return text;
    const gap = lines.length === 0 ? [] : [''];
    return [...lines, ...gap, `[${table.map(tomlKey).join('.')}]`, line, ''].join('\n');
  }
  const from = heading + 1;
  const next = lines.findIndex((one, at) => at >= from && isHeading(one));
  const end = next === -1 ? lines.length : next;
  const at = lines.findIndex((one, index) => index >= from && index < end && new RegExp(`^\\s*${key}\\s*=`).test(one));
  const changed =
    at === -1
      ? lines.toSpliced(from, 0, ...(line === null ? [] : [line]))
      : lines.toSpliced(at, 1, ...(line === null ? [] : [line]));
  return `${changed.join('\n')}\n`;
}

function namesTable(line: string, table: readonly string[]): boolean {
  const names = [table.map(tomlKey).join('.'), table.map((part) => JSON.stringify(part)).join('.')];
  return names.some((name) => line.trim().replace(/\s*#.*$/, '') === `[${name}]`);
}

function tomlKey(part: string): string {
  return /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
}

/** Whether the text differs in these settings alone. */
function isExactly(
  before: string,
  after: string,
  settings: readonly SettingToRecord[],
  parse: (text: string) => Record<string, unknown>,
): boolean {
  try {
    const wanted = settings.reduce<Record<string, unknown>>((tree, setting) => withValue(tree, setting), parse(before));
    return plain(parse(after)) === plain(wanted);
  } catch {
    // The lines that were changed were part of something else.
    return false;
  }
}

function withValue(
  tree: Readonly<Record<string, unknown>>,
  { table, key, value }: SettingToRecord,
): Record<string, unknown> {
  const [first, ...rest] = table;
  if (first !== undefined) {
    const inner = tree[first];
    const below = typeof inner === 'object' && inner !== null ? { ...inner } : {};
    return { ...tree, [first]: withValue(below, { table: rest, key, value }) };
  }
  const { [key]: _, ...others } = tree;
  return value === null ? others : { ...others, [key]: value };
}

/** The same text for equal values, whatever the order of keys. */
function plain(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof Date) return String(value);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
