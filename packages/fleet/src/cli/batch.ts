import type { TurnState } from '../client/fleet-client.ts';
import { promptOp } from '../protocol.ts';
import type { BatchJob } from './batch-file.ts';
import { type BatchLimits, engineLimits, ShareUse, sharesOf } from './batch-shares.ts';
import { table } from './table.ts';
import { clientOf, type Target } from './target.ts';
import { placeOf } from './work.ts';

export interface RunBatchOptions {
  readonly target: Target;
  readonly home: string;
  readonly jobs: readonly BatchJob[];
  readonly limits: BatchLimits;
  readonly onProgress: (progress: BatchProgress) => void;
}

export interface BatchProgress {
  readonly all: number;
  readonly ended: number;
  readonly waiting: number;
  readonly tokens: number;
}

/** `notStarted`: a budget was used up. */
export type BatchEnd = TurnState | { readonly type: 'notStarted'; readonly why: string };

export interface BatchResult {
  readonly job: BatchJob;
  readonly end: BatchEnd;
}

/** Runs a batch to completion, or until only turns are left that wait for a person. @throws FleetError */
export async function runBatch(options: RunBatchOptions, signal: AbortSignal): Promise<readonly BatchResult[]> {
  const { jobs, home, limits, onProgress } = options;
  const left = [...jobs];
  const running = new Map<BatchJob, Promise<void>>();
  const results = new Map<BatchJob, BatchEnd>();
  const use = new ShareUse();
  const run = async (job: BatchJob) => {
    const shares = sharesOf(job, home, limits);
    const spent = use.spent(shares);
    use.begin(shares);
    const end =
      spent === null
        ? await runJob(options, job, signal)
        : ({ type: 'notStarted', why: `the budget of ${spent.about} was used up` } as const);
    use.end(shares, tokensOf(end));
    results.set(job, end);
    onProgress(progressOf(jobs.length, [...results.values()]));
  };
  while (left.length > 0 || running.size > 0) {
    const at = left.findIndex((job) => use.hasRoom(sharesOf(job, home, limits)));
    const [job] = at === -1 ? [] : left.splice(at, 1);
    if (job === undefined) await Promise.race(running.values());
    else
      running.set(
        job,
        run(job).finally(() => running.delete(job)),
      );
  }
  return jobs.flatMap((job) => {
    const end = results.get(job);
    return end === undefined ? [] : [{ job, end }];
  });
}

function progressOf(all: number, ends: readonly BatchEnd[]): BatchProgress {
  return {
    all,
    ended: ends.filter(({ type }) => type === 'ended').length,
    waiting: ends.filter(({ type }) => type === 'waiting').length,
    tokens: ends.reduce((sum, end) => sum + tokensOf(end), 0),
  };
}

function tokensOf(end: BatchEnd): number {
  return end.type === 'ended' ? (end.turn.tokens ?? 0) : 0;
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
    ...(target.type === 'local' ? { limits: engineLimits(sharesOf(job, home, limits)) } : {}),
  };
  const { turnId } = await client.submitted(threadId, turn, signal);
  return client.settled(threadId, turnId, signal);
}

export function batchTable(results: readonly BatchResult[]): string {
  return table(
    ['THREAD', 'STATE', 'TOKENS', 'PROMPT', 'RESULT'],
    results.map(({ job, end }) => [job.threadId, ...endCells(end), job.prompt.slice(0, 40), resultOf(end)]),
  );
}

function endCells(end: BatchEnd): [string, string] {
  switch (end.type) {
    case 'notStarted':
      return ['not started', ''];
    case 'waiting':
      return ['waits for an answer', ''];
    case 'ended':
      return [end.turn.status, `${end.turn.tokens ?? ''}`];
  }
}

function resultOf(end: BatchEnd): string {
  switch (end.type) {
    case 'notStarted':
      return end.why;
    case 'waiting':
      return end.state.current?.questions[0]?.about ?? '';
    case 'ended':
      return (end.turn.message ?? end.turn.error ?? '').slice(0, 80);
  }
}
