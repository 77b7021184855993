import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileFault, inDirectory, replaceFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { isInside, realPath, reasonOf } from '../../../foundation/util/index.ts';
import { readHomeFile, type Table } from '../layers/index.ts';

/** A change of the user's settings, as the lines it makes and as the values they have to come to. */
export interface SettingsChange {
  readonly text: (before: string) => string | Promise<string>;
  readonly values: (before: Table) => Table;
  /** The settings that change, for the message that the file can't be changed. Called after `text`. */
  readonly names: () => string;
  /** The project whose file it is, which no link may lead out of. Absent: the file is the user's own. */
  readonly project?: string;
}

/** Others than the user have no business in it. */
const OWN_MODE = 0o600;

/**
 * Changes the user's configuration, and leaves everything else in the file as it is, comments too.
 * @returns whether there was anything to change
 * @throws KeelError `invalidConfig` if the file is written in a way that can't be changed so, `storageFailed`; it is unchanged then
 */
export async function changeSettings(home: string, change: SettingsChange): Promise<boolean> {
  const { text, values, names, project } = change;
  const { parse } = await import('smol-toml');
  const path = join(home, 'config.toml');
  const before = readHomeFile(home, 'config.toml') ?? '';
  // An editor on Windows ends lines so; `text` works with lines of its own, and they become that again.
  const hasCrlf = /\r\n/.test(before) && !/(?<!\r)\n/.test(before);
  const changed = await text(hasCrlf ? before.replaceAll('\r\n', '\n') : before);
  const after = hasCrlf ? changed.replaceAll('\n', '\r\n') : changed;
  if (!isExactly(after, () => values(parse(before)), parse)) {
    throw new KeelError(
      'invalidConfig',
      `${path} can't be changed without touching other settings: change ${names()} there`,
    );
  }
  if (after === before) return false;
  try {
    mkdirSync(home, { recursive: true, ...(project === undefined ? { mode: 0o700 } : {}) });
    // A link to the file stays one.
    const place = realPath(path);
    if (project !== undefined && !isInside(place, realPath(project)))
      throw new FileFault('it leads out of the project');
    const mode = project === undefined ? OWN_MODE : null;
    inDirectory(place, (directory, name) => replaceFile(directory, name, after, mode));
  } catch (cause) {
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}`, { cause });
  }
  return true;
}

/** A part of a dotted name as TOML writes it. */
export function tomlKey(part: string): string {
  return /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
}

/** Whether a text has these values, no more and no less. */
function isExactly(text: string, wanted: () => Table, parse: (text: string) => Table): boolean {
  try {
    return plain(parse(text)) === plain(wanted());
  } catch {
    // The lines that were changed were part of something else.
    return false;
  }
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
