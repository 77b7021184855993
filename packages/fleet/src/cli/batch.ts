import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import type { FleetClient, NewTurn, TurnState } from '../client/fleet-client.ts';
import { type Limit, promptOp } from '../protocol.ts';
import { CommandError } from './fleet-folder.ts';
import { table } from './table.ts';

const Line = z.strictObject({
  prompt: z.string().check(z.minLength(1)),
  /** The directory to work in, from that of the file. Default: the working directory. */
  cwd: z.optional(z.string()),
  model: z.optional(z.string()),
  /** Names the line; by default its place and text do. */
  id: z.optional(z.string()),
});

export interface BatchJob {
  readonly threadId: string;
  readonly prompt: string;
  readonly turn: NewTurn & { readonly submissionId: string };
}

export interface BatchOptions {
  readonly file: string;
  readonly cwd: string;
  readonly home: string;
  /** Turns at once: of the whole batch at the provider, and in one directory. */
  readonly concurrency: number;
  readonly perDirectory: number;
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

function jobOf(text: string, at: number, options: BatchOptions): BatchJob {
  const { file, home, concurrency, perDirectory, overrides } = options;
  const { data: line, error } = Line.safeParse(jsonOf(text));
  if (line === undefined) {
    throw new CommandError(
      `${file}:${at + 1}: expected {"prompt": …, "cwd"?, "model"?, "id"?}: ${error?.issues[0]?.message}`,
    );
  }
  const cwd = resolve(options.cwd, line.cwd ?? '.');
  const limits: Limit[] = [
    { name: `provider:${home}`, max: concurrency },
    { name: `directory:${cwd}`, max: perDirectory },
  ];
  const op = promptOp(line.prompt);
  const settings = {
    overrides: [...overrides, ...(line.model === undefined ? [] : [`model=${JSON.stringify(line.model)}`])],
  };
  return {
    threadId: threadIdOf([resolve(options.cwd, file), line.id ?? `${at} ${text.trim()}`]),
    prompt: line.prompt,
    turn: { op, submissionId: 'batch', place: { cwd, home }, settings, limits },
  };
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

export interface RunBatchOptions {
  readonly client: FleetClient;
  readonly jobs: readonly BatchJob[];
  readonly concurrency: number;
  /** No turn is started any more once those that have ended took this number of tokens. */
  readonly maxTokens: number | null;
  readonly onProgress: (progress: BatchProgress) => void;
}

export interface BatchProgress {
  readonly all: number;
  readonly ended: number;
  readonly waiting: number;
  readonly tokens: number;
}

export interface BatchResult {
  readonly job: BatchJob;
  /** Null: not started, because the budget was used up. */
  readonly end: TurnState | null;
}

/** Runs a batch to completion, or until only turns are left that wait for a person. @throws FleetError */
export async function runBatch(options: RunBatchOptions, signal: AbortSignal): Promise<readonly BatchResult[]> {
  const { client, jobs, concurrency, maxTokens, onProgress } = options;
  const left = [...jobs];
  const results: BatchResult[] = [];
  const tokens = () => results.reduce((sum, { end }) => sum + (end?.type === 'ended' ? (end.turn.tokens ?? 0) : 0), 0);
  const work = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      const isSpent = maxTokens !== null && tokens() >= maxTokens;
      results.push({ job, end: isSpent ? null : await runJob(client, job, signal) });
      onProgress({
        all: jobs.length,
        ended: results.filter(({ end }) => end?.type === 'ended').length,
        waiting: results.filter(({ end }) => end?.type === 'waiting').length,
        tokens: tokens(),
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, jobs.length) }, work));
  return jobs.flatMap((job) => results.find((result) => result.job === job) ?? []);
}

async function runJob(client: FleetClient, { threadId, turn }: BatchJob, signal: AbortSignal): Promise<TurnState> {
  const { turnId } = await client.submitted(threadId, turn, signal);
  return client.settled(threadId, turnId, signal);
}

export function batchTable(results: readonly BatchResult[]): string {
  return table(
    ['THREAD', 'STATE', 'TOKENS', 'PROMPT', 'RESULT'],
    results.map(({ job, end }) => [job.threadId, ...endCells(end), job.prompt.slice(0, 40), resultOf(end)]),
  );
}

function endCells(end: TurnState | null): [string, string] {
  if (end === null) return ['not started', ''];
  return end.type === 'waiting' ? ['waits for an answer', ''] : [end.turn.status, `${end.turn.tokens ?? ''}`];
}

function resultOf(end: TurnState | null): string {
  if (end === null) return 'the budget was used up';
  if (end.type === 'waiting') return end.state.current?.questions[0]?.about ?? '';
  return (end.turn.message ?? end.turn.error ?? '').slice(0, 80);
}
