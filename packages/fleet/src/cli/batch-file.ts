import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { WorkTree } from '../place/index.ts';
import { CommandError } from './fleet-folder.ts';
import type { Work } from './work.ts';

const Line = z.strictObject({
  prompt: z.string().check(z.minLength(1)),
  /** A directory of this machine to work in. Default: the working directory. */
  cwd: z.optional(z.string()),
  /** Or a place that the fleet makes: a clone, a work tree, or a directory of its own. */
  work: z.optional(WorkTree),
  model: z.optional(z.string()),
  /** One of those in the settings. An installed fleet has one. */
  provider: z.optional(z.string()),
  /** Names the line; by default its place and text do. */
  id: z.optional(z.string()),
});

export interface BatchJob {
  readonly threadId: string;
  readonly prompt: string;
  readonly work: Work;
  /** Null: that of the settings. */
  readonly provider: string | null;
  readonly overrides: readonly string[];
}

export interface BatchOptions {
  readonly file: string;
  readonly cwd: string;
  /** Settings of every turn, as `keel -c` takes them. */
  readonly overrides: readonly string[];
}

/**
 * The turns of a file, one a line. A line has the same thread each time that the file is run: what has ended is not run again.
 * @throws CommandError for a file or line that can't be read
 */
export function batchJobs(options: BatchOptions): readonly BatchJob[] {
  const text = readText(options.file);
  const jobs = text.split('\n').flatMap((line, at) => (line.trim() === '' ? [] : [jobOf(line, at, options)]));
  const ids = new Set(jobs.map(({ threadId }) => threadId));
  if (ids.size < jobs.length) throw new CommandError(`${options.file}: two lines have the same id`);
  return jobs;
}

function jobOf(text: string, at: number, { file, cwd, overrides }: BatchOptions): BatchJob {
  const { data: line, error } = Line.safeParse(jsonOf(text));
  if (line === undefined || (line.cwd !== undefined && line.work !== undefined)) {
    const why = error?.issues[0]?.message ?? 'cwd and work are two places';
    throw new CommandError(
      `${file}:${at + 1}: expected {"prompt": …, "cwd" or "work"?, "model"?, "provider"?, "id"?}: ${why}`,
    );
  }
  return {
    threadId: threadIdOf([resolve(cwd, file), line.id ?? `${at} ${text.trim()}`]),
    prompt: line.prompt,
    work: line.work ?? { type: 'here', cwd: resolve(cwd, line.cwd ?? '.') },
    provider: line.provider ?? null,
    overrides: [...overrides, ...setting('model_provider', line.provider), ...setting('model', line.model)],
  };
}

function setting(key: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CommandError(`${file} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** A UUID (version 8) made of what names the line. */
function threadIdOf(names: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(names)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
