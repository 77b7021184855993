import { RestatePromise, type WorkflowContext, type WorkflowSharedContext, workflow } from '@restatedev/restate-sdk';
import type { TurnInput, TurnJob, TurnOutcome } from '../protocol.ts';
import { RETRIES, THREAD, TURN } from './names.ts';
import type { ThreadObject } from './thread-object.ts';

/** What runs turns on this worker. */
export interface TurnRunner {
  /** Runs a stage to completion, or joins the one that runs. A rejection is tried again. */
  run(job: TurnJob, signal: AbortSignal): Promise<TurnOutcome>;
  deliver(turn: Pick<TurnJob, 'threadId' | 'turnId'>, input: TurnInput): void;
}

/** Longer than any turn: the engine must not cut off a command for that it is silent. */
const LONGEST_TURN = { days: 30 } as const;
/** For a stage that this worker gives up, or can't run now. */
const RUN_RETRIES = { initialRetryInterval: RETRIES.initialInterval, maxRetryInterval: RETRIES.maxInterval } as const;

/**
 * One stage of a turn. It is a single step of the engine, whatever happens in it: keel's own record on the shared directory is the
 * journal of its steps, and whoever takes the stage over continues by that. Inputs arrive as numbered durable promises, so that
 * each attempt gets all of them in their order.
 */
export function turnWorkflow(runner: TurnRunner) {
  return workflow({
    name: TURN,
    handlers: {
      async run(ctx: WorkflowContext, job: TurnJob): Promise<TurnOutcome> {
        const { threadId, turnId, stage } = job;
        const outcome = await withInputs(ctx, job, runner);
        ctx.objectSendClient<ThreadObject>({ name: THREAD }, threadId).stageEnded({ turnId, stage, outcome });
        return outcome;
      },
      /** An input for the stage. One that comes behind its end is in the thread's state, and not lost. */
      async input(ctx: WorkflowSharedContext, input: TurnInput): Promise<void> {
        await ctx.promise<TurnInput>(inputName(input.at)).resolve(input);
      },
    },
    options: {
      inactivityTimeout: LONGEST_TURN,
      abortTimeout: LONGEST_TURN,
      ingressPrivate: true,
      retryPolicy: RETRIES,
    },
  });
}
export type TurnWorkflow = ReturnType<typeof turnWorkflow>;

async function withInputs(ctx: WorkflowContext, job: TurnJob, runner: TurnRunner): Promise<TurnOutcome> {
  const { attemptCompletedSignal } = ctx.request();
  const end = ctx
    .run('stage', () => runner.run(job, attemptCompletedSignal), RUN_RETRIES)
    .map((outcome, failure) => {
      if (failure !== undefined || outcome === undefined) throw failure;
      return { type: 'end', outcome } as const;
    });
  // The job has the inputs of earlier stages; the numbers continue from there.
  for (let at = job.inputs.length + 1; ; at += 1) {
    const arrival = ctx
      .promise<TurnInput>(inputName(at))
      .get()
      .map((input) => ({ type: 'input', input }) as const);
    const next = await RestatePromise.race([end, arrival]);
    if (next.type === 'end') return next.outcome;
    if (next.input !== undefined) runner.deliver(job, next.input);
  }
}

function inputName(at: number): string {
  return `input-${at}`;
}
