import { resolve } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { ConfigFile } from '../layers/index.ts';
import { type Layer, MAX_SETTINGS_BYTES, originOf } from '../layers/index.ts';
import type { AgentRoleSettings, AgentSettings } from '../types.ts';

const DEFAULT_MAX_THREADS = 6;
const DEFAULT_MAX_DEPTH = 1;
/** The longest instructions of a role, UTF-8 bytes. */
const MAX_ROLE_TEXT_BYTES = 4_096;
/** A role's name is said in a tag, a thread's name and an approval. That of a plugin's role is `PLUGIN:ROLE`. */
const ROLE_NAME = /^(?:[A-Za-z][A-Za-z0-9_-]{0,31}:)?[A-Za-z][A-Za-z0-9_-]{0,31}$/;

type RoleTable = Exclude<NonNullable<ConfigFile['agents']>[string], number | undefined>;

/**
 * The `[agents]` table and `features.multi_agent`.
 * @throws KeelError `invalidConfig` that names the place and the key
 */
export function agentSettings(settings: ConfigFile, layers: readonly Layer[], cwd: string): AgentSettings {
  const { max_threads: maxThreads, max_depth: maxDepth, ...roles } = settings.agents ?? {};
  const { features = {} } = settings;
  return {
    enabled: features['multi_agent'] ?? features['collab'] ?? false,
    maxThreads: maxThreads ?? DEFAULT_MAX_THREADS,
    maxDepth: maxDepth ?? DEFAULT_MAX_DEPTH,
    roles: Object.entries(roles).map(([name, table]) => new RoleReader(name, layers, cwd).read(table)),
  };
}

/** Reads one role; a fault is reported with its line. */
class RoleReader {
  readonly #name: string;
  readonly #layers: readonly Layer[];
  readonly #cwd: string;

  constructor(name: string, layers: readonly Layer[], cwd: string) {
    this.#name = name;
    this.#layers = layers;
    this.#cwd = cwd;
  }

  read(table: RoleTable): AgentRoleSettings {
    if (!ROLE_NAME.test(this.#name)) {
      throw this.#fault(null, "isn't a valid name for a role: letters, digits, - and _, 32 at most, a letter first");
    }
    return {
      name: this.#name,
      description: table.description ?? null,
      model: table.model ?? null,
      effort: table.model_reasoning_effort ?? null,
      instructions: this.#instructions(table),
      baseInstructions: this.#file('model_instructions_file', table.model_instructions_file),
      sandboxMode: table.sandbox_mode ?? null,
    };
  }

  #instructions({ instructions, instructions_file: file }: RoleTable): string | null {
    if (instructions !== undefined && file !== undefined) {
      throw this.#fault('instructions_file', 'and instructions are both set: give one of them');
    }
    const text = instructions ?? this.#file('instructions_file', file);
    if (text === null) return null;
    const body = text.replace(/^---\n[\s\S]*?\n---\n/, '').trim();
    const key = file === undefined ? 'instructions' : 'instructions_file';
    if (body === '') throw this.#fault(key, 'has no text');
    const bytes = Buffer.byteLength(body);
    if (bytes > MAX_ROLE_TEXT_BYTES) {
      throw this.#fault(key, `should be at most ${MAX_ROLE_TEXT_BYTES} bytes, got ${bytes}`);
    }
    return body;
  }

  #file(key: string, named: string | undefined): string | null {
    if (named === undefined) return null;
    const path = resolve(this.#cwd, named);
    try {
      const text = readRegularFile(path, { maxBytes: MAX_SETTINGS_BYTES }).toString('utf8').trim();
      if (text !== '') return text;
    } catch (cause) {
      const reason = reasonOf(cause);
      throw this.#fault(key, `names ${path}, which can't be read: ${reason}`);
    }
    throw this.#fault(key, `names ${path}, which is empty`);
  }

  #fault(key: string | null, what: string): KeelError {
    const path = ['agents', this.#name, ...(key === null ? [] : [key])];
    return new KeelError('invalidConfig', `${originOf(this.#layers, path)}: ${path.join('.')} ${what}`);
  }
}
