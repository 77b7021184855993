// A program that survives its own end: it runs a turn, lets it go in the middle, and continues it as another process would.
//
//   node examples/durable-thread.mjs "Tidy up the imports, then run the tests."
import { loadConfig, openSession, ThreadOwnedError, version } from 'keel/session';

const config = await loadConfig({
  env: process.env,
  cwd: process.cwd(),
  overrides: [],
  flags: { approvalPolicy: 'untrusted' },
});

/** @param {import('keel/session').ThreadOrigin} origin */
const open = (origin) =>
  openSession({
    config,
    version,
    origin,
    source: 'sdk',
    originator: 'durable_thread',
    ephemeral: false,
    canAsk: true,
    // A turn without an end continues at the step that it had reached.
    unfinishedTurn: 'continue',
    // Whoever finds the thread busy reads this.
    address: `pid:${process.pid}`,
  });

const first = await open({ type: 'new' });
const text = process.argv[2] ?? 'Tidy up the imports, then run the tests.';
first.submit({ type: 'userInput', items: [{ type: 'text', text }] });
for await (const event of first.events()) if (event.type === 'approval.requested') break;

// Another process would attach to the owner while that lives, and take the thread over when it doesn't answer.
const busy = await open({ type: 'resume', id: first.threadId }).catch((error) => error);
console.log(busy instanceof ThreadOwnedError ? `busy: ${busy.address === `pid:${process.pid}`}` : busy);

// The question stays open: an hour later, on another machine with the same home, it is asked again under the same id.
await first.release(10_000);
const second = await open({ type: 'resume', id: first.threadId });
for await (const event of second.events()) {
  if (event.type === 'approval.requested') {
    const { questionId } = event.request;
    second.submit({ type: 'approval', questionId, decision: { type: 'approved' } });
  }
  if (event.type === 'turn.completed') {
    console.log(event.lastAgentMessage ?? event.status);
    break;
  }
}
await second.close();
