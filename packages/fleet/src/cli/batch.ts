import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import type { TurnState } from '../client/fleet-client.ts';
import { WorkTree } from '../place/index.ts';
import { type Limit, promptOp } from '../protocol.ts';
import { CommandError } from './fleet-folder.ts';
import { table } from './table.ts';
import { clientOf, type Target } from './target.ts';
import { isShared, placeOf, repositoryOf, type Work } from './work.ts';

const Line = z.strictObject({
  prompt: z.string().check(z.minLength(1)),
  /** A directory of this machine to work in. Default: the working directory. */
  cwd: z.optional(z.string()),
  /** Or a place that the fleet makes: a clone, a work tree, or a directory of its own. */
  work: z.optional(WorkTree),
  model: z.optional(z.string()),
  /** Names the line; by default its place and text do. */
  id: z.optional(z.string()),
});

export interface BatchJob {
  readonly threadId: string;
  readonly prompt: string;
  readonly work: Work;
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
    throw new CommandError(`${file}:${at + 1}: expected {"prompt": …, "cwd" or "work"?, "model"?, "id"?}: ${why}`);
  }
  return {
    threadId: threadIdOf([resolve(cwd, file), line.id ?? `${at} ${text.trim()}`]),
    prompt: line.prompt,
    work: line.work ?? { type: 'here', cwd: resolve(cwd, line.cwd ?? '.') },
    overrides: [...overrides, ...(line.model === undefined ? [] : [`model=${JSON.stringify(line.model)}`])],
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

/** Turns at once. */
export interface BatchLimits {
  /** Of the whole batch, which one provider's key pays for. */
  readonly concurrency: number;
  /** In one directory, and in places of their own of one repository. */
  readonly perDirectory: number;
  readonly perRepository: number;
}

export interface RunBatchOptions {
  readonly target: Target;
  readonly home: string;
  readonly jobs: readonly BatchJob[];
  readonly limits: BatchLimits;
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
  const { jobs, limits, maxTokens, onProgress } = options;
  const left = [...jobs];
  const running = new Map<BatchJob, Promise<void>>();
  const results = new Map<BatchJob, TurnState | null>();
  const tokens = () => [...results.values()].reduce((sum, end) => sum + tokensOf(end), 0);
  const run = async (job: BatchJob) => {
    const isSpent = maxTokens !== null && tokens() >= maxTokens;
    results.set(job, isSpent ? null : await runJob(options, job, signal));
    const ends = [...results.values()];
    onProgress({
      all: jobs.length,
      ended: ends.filter((end) => end?.type === 'ended').length,
      waiting: ends.filter((end) => end?.type === 'waiting').length,
      tokens: tokens(),
    });
  };
  while (left.length > 0 || running.size > 0) {
    const at =
      running.size < limits.concurrency ? left.findIndex((job) => hasRoom(job, [...running.keys()], limits)) : -1;
    const [job] = at === -1 ? [] : left.splice(at, 1);
    if (job === undefined) await Promise.race(running.values());
    else
      running.set(
        job,
        run(job).finally(() => running.delete(job)),
      );
  }
  return jobs.flatMap((job) => (results.has(job) ? [{ job, end: results.get(job) ?? null }] : []));
}

function hasRoom(
  { work }: BatchJob,
  running: readonly BatchJob[],
  { perDirectory, perRepository }: BatchLimits,
): boolean {
  const repository = repositoryOf(work);
  if (repository === null) return true;
  const alike = running.filter((other) => other.work.type === work.type && repositoryOf(other.work) === repository);
  return alike.length < (isShared(work) ? perDirectory : perRepository);
}

function tokensOf(end: TurnState | null): number {
  return end?.type === 'ended' ? (end.turn.tokens ?? 0) : 0;
}

async function runJob(
  { target, home, limits }: RunBatchOptions,
  job: BatchJob,
  signal: AbortSignal,
): Promise<TurnState> {
  const { threadId, prompt, work, overrides } = job;
  const client = clientOf(target);
  const turn = {
    submissionId: 'batch',
    op: promptOp(prompt),
    ...(await placeOf(target, { threadId, work, home }, signal)),
    settings: { overrides: [...overrides] },
    // The front has limits of its own for a user; here they count for batches that run at once.
    ...(target.type === 'local' ? { limits: limitsOf(job, home, limits) } : {}),
  };
  const { turnId } = await client.submitted(threadId, turn, signal);
  return client.settled(threadId, turnId, signal);
}

function limitsOf({ work }: BatchJob, home: string, limits: BatchLimits): Limit[] {
  const repository = repositoryOf(work);
  const provider = { name: `provider:${home}`, max: limits.concurrency };
  if (repository === null) return [provider];
  const [kind, max] = isShared(work)
    ? (['directory', limits.perDirectory] as const)
    : (['repository', limits.perRepository] as const);
  return [provider, { name: `${kind}:${repository}`, max }];
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
