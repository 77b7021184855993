import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { inDirectory, realName, replaceFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../../foundation/util/index.ts';
import { readHomeFile } from './home-file.ts';

/** A file in keel's home with what the user accepted of each project, as it was then. */
export interface ProjectTrustFile<T> {
  readonly name: string;
  readonly entry: z.ZodMiniType<T>;
  /** What is in it, for messages: "the hooks of your projects". */
  readonly what: string;
}

/** What the user accepted of a project. @throws KeelError `invalidConfig` for a file that others may write */
export function acceptedOf<T>(home: string, file: ProjectTrustFile<T>, project: string): readonly T[] {
  // What another version wrote is as if it had not been accepted.
  return (readProjects(home, file)[project] ?? []).flatMap((entry) => file.entry.safeParse(entry).data ?? []);
}

/** Writes what the user accepts of a project; an empty list takes all of it back. @throws KeelError `storageFailed`, `invalidConfig` */
export function recordAcceptedOf<T>(
  home: string,
  file: ProjectTrustFile<T>,
  project: string,
  accepted: readonly T[],
): void {
  const { [project]: _, ...others } = readProjects(home, file);
  const projects = accepted.length === 0 ? others : { ...others, [project]: accepted };
  const path = join(home, file.name);
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const text = `${JSON.stringify({ projects }, null, 2)}\n`;
    inDirectory(realName(path), (directory, name) => replaceFile(directory, name, text, 0o600));
  } catch (cause) {
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}`, { cause });
  }
}

function readProjects<T>(
  home: string,
  { name, what }: ProjectTrustFile<T>,
): Readonly<Record<string, readonly unknown[]>> {
  const text = readHomeFile(home, name);
  if (text === null) return {};
  try {
    return z.object({ projects: z.record(z.string(), z.array(z.unknown())) }).parse(readJson(text)).projects;
  } catch (cause) {
    const advice = `remove it, and accept ${what} again`;
    throw new KeelError('invalidConfig', `${join(home, name)} can't be read: ${advice}`, { cause });
  }
}
