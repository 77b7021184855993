import { join, resolve } from 'node:path';
import * as z from 'zod';
import { KeelError } from '../../../../foundation/protocol/index.ts';
import { MASK } from '../../../../foundation/secrets/index.ts';
import { realPath } from '../../../../foundation/util/index.ts';
import { type LoadedConfig, recordValues, type ValueToRecord, valueAt } from '../../../../storage/config/index.ts';
import { ErrorCode, MethodError } from '../method.ts';
import type { ServerSettings } from '../server-settings.ts';
import { metadataOf, shownValue, versionOf } from './config-layers.ts';

type Table = Readonly<Record<string, unknown>>;

export const EditParams = z.object({
  keyPath: z.string(),
  value: z.unknown(),
  mergeStrategy: z.enum(['replace', 'upsert']),
});
type Edit = z.infer<typeof EditParams>;

export const WriteTarget = z.object({
  filePath: z.string().nullish(),
  expectedVersion: z.string().nullish(),
});
type Target = z.infer<typeof WriteTarget>;

/** Names of the protocol, for programs. */
type WriteErrorCode = 'configLayerReadonly' | 'configVersionConflict' | 'configValidationError' | 'configPathNotFound';

/** Writes the user's own settings, one request after the other. */
export class ConfigWriter {
  readonly #settings: ServerSettings;
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  /**
   * Makes all of the changes, or none. What the settings come to is checked before anything is written.
   * @throws MethodError with a `config_write_error_code`
   */
  write(edits: readonly Edit[], target: Target): Promise<object> {
    const written = this.#last.then(() => this.#write(edits, target));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #write(edits: readonly Edit[], { filePath, expectedVersion }: Target): Promise<object> {
    const { cwd } = this.#settings.context;
    const { home } = (await this.#settings.read(cwd)).config;
    const path = join(home, 'config.toml');
    if (filePath != null && realPath(resolve(cwd, filePath)) !== realPath(path)) {
      throw refused('configLayerReadonly', `only ${path} can be changed`);
    }
    const parsed = edits.map((edit) => ({ ...edit, path: keyParts(edit.keyPath) }));
    const valuesFor = (before: Table) => {
      if (expectedVersion != null && versionOf(before) !== expectedVersion) {
        throw refused('configVersionConflict', `${path} has changed since it was read`);
      }
      return parsed.flatMap((edit) => valuesOf(edit, before));
    };
    await recordValues(home, valuesFor, (_, after) => this.#check(after)).catch(asRefusal);
    this.#settings.changed();
    return this.#outcome(await this.#settings.read(cwd), path, parsed);
  }

  async #check(text: string): Promise<void> {
    await this.#settings.read(this.#settings.context.cwd, text);
  }

  #outcome(loaded: LoadedConfig, path: string, edits: readonly { readonly path: readonly string[] }[]): object {
    const { layers, config } = loaded;
    const own = layers.findIndex(({ name }) => name === path);
    const overriding = edits.flatMap(({ path: key }) => {
      const at = layers.findLastIndex(({ table }) => valueAt(table, key) !== undefined);
      const layer = layers[at];
      return layer !== undefined && at > own ? [{ key, layer }] : [];
    });
    const version = versionOf(layers[own]?.table ?? {});
    const [first] = overriding;
    if (first === undefined) return { status: 'ok', version, filePath: path, overriddenMetadata: null };
    const { key, layer } = first;
    return {
      status: 'okOverridden',
      version,
      filePath: path,
      overriddenMetadata: {
        message: `${key.join('.')} is set by ${layer.name}, which counts over ${path}`,
        overridingLayer: metadataOf(layer, config.home),
        effectiveValue: shownValue(key, valueAt(layer.table, key), loaded),
      },
    };
  }
}

/** Replacing sets the value whole; otherwise a table is added to the one that is there, key by key. */
function valuesOf({ path, value, mergeStrategy }: Edit & { path: readonly string[] }, before: Table): ValueToRecord[] {
  if (JSON.stringify(value ?? null).includes(JSON.stringify(MASK))) {
    throw refused('configValidationError', `${path.join('.')}: ${MASK} is in the place of a secret and is no value`);
  }
  const isMerged = mergeStrategy === 'upsert' && isTable(value) && isTable(valueAt(before, path));
  if (!isMerged) return [{ path, value: value ?? null }];
  return Object.entries(value).flatMap(([key, entry]) =>
    valuesOf({ keyPath: key, path: [...path, key], value: entry, mergeStrategy }, before),
  );
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The parts of a dotted key, of which those with a dot are in quotes. */
function keyParts(keyPath: string): readonly string[] {
  const parts: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^."'\s]+))\s*(\.|$)/y;
  while (pattern.lastIndex < keyPath.length) {
    const found = pattern.exec(keyPath);
    if (found === null) break;
    const [, quoted, literal, bare, end] = found;
    parts.push(quoted?.replaceAll(/\\(.)/g, '$1') ?? literal ?? bare ?? '');
    if (end === '' && pattern.lastIndex === keyPath.length) return parts;
  }
  throw refused('configPathNotFound', `${JSON.stringify(keyPath)} is not the dotted name of a setting`);
}

function asRefusal(error: unknown): never {
  if (!(error instanceof KeelError) || error.kind !== 'invalidConfig') throw error;
  throw refused('configValidationError', error.message);
}

function refused(code: WriteErrorCode, message: string): MethodError {
  return new MethodError(ErrorCode.invalidRequest, message, { config_write_error_code: code });
}
