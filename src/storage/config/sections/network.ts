import { KeelError } from '../../../foundation/protocol/index.ts';
import { type DomainPattern, type NetworkRules, parsePattern } from '../../../system/network/index.ts';
import type { ConfigFile } from '../layers/index.ts';
import { type Layer, originOf, valueAt } from '../layers/index.ts';

const TABLE = ['sandbox', 'network'] as const;

/**
 * The hosts that commands may reach; null where none are listed, or lists are switched off. What one layer denies no other
 * allows again. @throws KeelError `invalidConfig` that names the place of an entry that isn't a host
 */
export function networkRules({ sandbox }: ConfigFile, layers: readonly Layer[]): NetworkRules | null {
  const table = sandbox?.network;
  if (table === undefined) return null;
  const parse = (key: string, texts: readonly string[], from: readonly Layer[]): DomainPattern[] =>
    texts.map((text) => {
      const parsed = parsePattern(text);
      if (parsed.type === 'pattern') return parsed.pattern;
      const path = [...TABLE, key];
      throw new KeelError(
        'invalidConfig',
        `${originOf(from, path)}: ${path.join('.')} should hold ${parsed.message}, got ${JSON.stringify(text)}`,
      );
    });
  const allowed = parse('allowed_domains', table.allowed_domains ?? [], layers);
  const denied = layers.flatMap((layer) => parse('denied_domains', stringsAt(layer, 'denied_domains'), [layer]));
  if (table.enabled === false) return null;
  return { allowed, denied, mode: table.mode ?? 'full', allowLocalBinding: table.allow_local_binding ?? false };
}

function stringsAt({ table }: Layer, key: string): readonly string[] {
  const value = valueAt(table, [...TABLE, key]);
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}
