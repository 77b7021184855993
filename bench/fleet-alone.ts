// Runs turns that its parent sends, as a worker does, without an engine.
import { openSession, version } from 'keel/session';
import { TurnJob } from '../packages/fleet/src/protocol.ts';
import { configOf } from '../packages/fleet/src/worker/live-turn.ts';

process.on('message', (message) => void run(TurnJob.parse(message)));

async function run(job: TurnJob): Promise<void> {
  const session = await openSession({
    config: await configOf(job),
    origin: { type: 'new', label: { threadId: job.threadId } },
    source: 'sdk',
    originator: 'keel_bench',
    version,
    ephemeral: false,
    canAsk: true,
    unfinishedTurn: 'continue',
  });
  session.submit(job.op, job.turnId);
  for await (const event of session.events({ deltas: false })) if (event.type === 'turn.completed') break;
  await session.close();
  process.send?.(job.threadId);
}
