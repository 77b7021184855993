import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { decodeText, readJson, reasonOf } from '../../../foundation/util/index.ts';
import type { ImportStep } from './step.ts';

const MAX_BYTES = 8 * 1024 * 1024;

/** The text of a file; null if there is none. @throws KeelError `invalidInput` for one that can't be read */
export function textOf(path: string): string | null {
  if (!existsSync(path)) return null;
  try {
    return decodeText(readRegularFile(path, { maxBytes: MAX_BYTES }));
  } catch (cause) {
    throw new KeelError('invalidInput', `${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
}

/** A JSON object; empty if there is no such file. @throws KeelError `invalidInput` */
export function objectIn(path: string): Readonly<Record<string, unknown>> {
  const text = textOf(path);
  if (text === null) return {};
  try {
    const value: unknown = readJson(text);
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value));
  } catch (cause) {
    throw new KeelError('invalidInput', `${path} is not JSON: ${reasonOf(cause)}`, { cause });
  }
  throw new KeelError('invalidInput', `${path} is not a JSON object`);
}

/** A file as it is, if it is there and has text. */
export function fileStep(from: string, to: string): ImportStep[] {
  const text = textOf(from);
  return text === null || text.trim() === '' ? [] : [{ type: 'file', from, to, text }];
}

/** The files of a folder whose names end in this way, each as it is. */
export function filesIn(folder: string, suffix: string, to: string): ImportStep[] {
  return namesIn(folder, 'file')
    .filter((name) => name.endsWith(suffix))
    .flatMap((name) => fileStep(join(folder, name), join(to, name)));
}

/** The folders in a folder that have a `SKILL.md`. */
export function skillsIn(folder: string): ImportStep[] {
  return namesIn(folder, 'folder')
    .map((name) => ({ from: join(folder, name), to: join('skills', name) }))
    .filter(({ from }) => existsSync(join(from, 'SKILL.md')))
    .map((place) => ({ type: 'folder', ...place }));
}

function namesIn(folder: string, kind: 'file' | 'folder'): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => (kind === 'file' ? entry.isFile() : entry.isDirectory()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .toSorted();
}
