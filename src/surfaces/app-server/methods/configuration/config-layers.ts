import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { maskSecrets } from '../../../../foundation/secrets/index.ts';
import { type LoadedConfig, secretValues, shownSetting, valueAt } from '../../../../storage/config/index.ts';

type Table = Readonly<Record<string, unknown>>;
type Layer = LoadedConfig['layers'][number];

/** A layer as the protocol names it. */
export interface WireLayerMetadata {
  readonly name: Table;
  /** Changes when the values of the layer do. */
  readonly version: string;
}

/** Names a state of a layer by its values. */
export function versionOf(table: Table): string {
  return `sha256:${createHash('sha256')
    .update(JSON.stringify(sorted(table)))
    .digest('hex')}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

export function metadataOf({ name, table }: Layer, home: string): WireLayerMetadata {
  return { name: sourceOf(name, home), version: versionOf(table) };
}

/** @param name a path, `profile NAME`, or something of the command line's */
function sourceOf(name: string, home: string): Table {
  const userFile = join(home, 'config.toml');
  if (name === userFile) return { type: 'user', file: name, profile: null };
  const profile = /^profile (.*)$/s.exec(name)?.[1];
  if (profile !== undefined) return { type: 'user', file: userFile, profile };
  if (name.endsWith('/.keel/config.toml')) return { type: 'project', dotCodexFolder: dirname(name) };
  if (name.endsWith('/managed_config.toml')) return { type: 'legacyManagedConfigTomlFromFile', file: name };
  if (name.endsWith('/config.toml')) return { type: 'system', file: name };
  return { type: 'sessionFlags' };
}

/** The layer that a value in force comes from, by its dotted key. A default comes from none. */
export function originsOf({ layers, settings, config }: LoadedConfig): Record<string, WireLayerMetadata> {
  const known = new Map(layers.map((layer) => [layer, metadataOf(layer, config.home)]));
  const origins = leavesOf(settings, []).flatMap((path): [string, WireLayerMetadata][] => {
    const layer = layers.findLast(({ table }) => valueAt(table, path) !== undefined);
    const metadata = layer && known.get(layer);
    return metadata === undefined ? [] : [[path.join('.'), metadata]];
  });
  return Object.fromEntries(origins);
}

function leavesOf(table: object, path: readonly string[]): string[][] {
  return Object.entries(table).flatMap(([key, value]): string[][] => {
    const here = [...path, key];
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
    return isTable ? leavesOf(value, here) : [here];
  });
}

/** Settings for a client: without secrets, by their place, their name, their form, or because they are known. */
export function shownTable(table: Table, { config }: LoadedConfig): Table {
  const known = secretValues(config);
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => [key, withoutSecrets(shownSetting([key], value), known)]),
  );
}

/** A value in force for a client. */
export function shownValue(path: readonly string[], value: unknown, { config }: LoadedConfig): unknown {
  return withoutSecrets(shownSetting(path, value), secretValues(config));
}

function withoutSecrets(value: unknown, known: readonly string[]): unknown {
  if (typeof value === 'string') return maskSecrets(value, known);
  if (Array.isArray(value)) return value.map((entry) => withoutSecrets(entry, known));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutSecrets(entry, known)]));
}
