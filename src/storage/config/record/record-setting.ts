import { changeSettings, tomlKey } from './settings-file.ts';

/** A setting of the user's to write. `table`: the parts of its table's name; empty: the top of the file. */
export interface SettingToRecord {
  readonly table: readonly string[];
  readonly key: string;
  /** Null: the setting is removed. */
  readonly value: string | null;
}

/** Writes settings into the user's configuration. @throws KeelError as `changeSettings` */
export async function recordSettings(home: string, settings: readonly SettingToRecord[]): Promise<void> {
  await changeSettings(home, {
    text: (before) => settings.reduce(withSetting, before),
    values: (before) => settings.reduce<Readonly<Record<string, unknown>>>(withValue, before),
    names: () => settings.map(({ table, key }) => [...table, key].join('.')).join(', '),
  });
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

function withValue(
  tree: Readonly<Record<string, unknown>>,
  { table, key, value }: SettingToRecord,
): Record<string, unknown> {
  const [first, ...rest] = table;
  if (first !== undefined) {
    const inner = tree[first];
    if (value === null && inner === undefined) return tree;
    const below = typeof inner === 'object' && inner !== null ? { ...inner } : {};
    return { ...tree, [first]: withValue(below, { table: rest, key, value }) };
  }
  const { [key]: _, ...others } = tree;
  return value === null ? others : { ...others, [key]: value };
}
