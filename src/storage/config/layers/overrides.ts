import { KeelError } from '../../../foundation/protocol/index.ts';
import { type Layer, merge, type Table } from './layer.ts';

/** Up to the first `=` outside quotes. */
const KEY_AND_VALUE = /^((?:"[^"]*"|'[^']*'|[^="'])*)=(.*)$/s;

/**
 * What `-c key=value` says, in order, as one layer. A value is TOML where it parses as such, else a plain string; a key
 * part with a dot or an equals sign in it is written in quotes.
 * @throws KeelError `invalidConfig`
 */
export async function overrideLayer(overrides: readonly string[]): Promise<Layer> {
  let table: Table = {};
  for (const override of overrides) {
    const [, words = '', text = ''] = KEY_AND_VALUE.exec(override) ?? [];
    const key = words.trim();
    if (key === '') throw new KeelError('invalidConfig', `-c ${override}: a setting has the form key=value`);
    const value = await parseValue(text.trim());
    const nested = keyParts(key).reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
    table = merge(table, nested as Table);
  }
  return { name: '-c', table, text: null };
}

async function parseValue(text: string): Promise<unknown> {
  const { parse } = await import('smol-toml');
  try {
    const { value, ...others } = parse(`value = ${text}`);
    if (Object.keys(others).length === 0) return value;
  } catch {
    // Not TOML.
  }
  // The words themselves, without the quotes a shell may have left.
  return text.replaceAll(/^["']+|["']+$/g, '');
}

function keyParts(key: string): string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|([^.]+)/g)].map(([, a, b, c]) => (a ?? b ?? c ?? '').trim());
}
