import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Op, SessionEvent } from '../../../../src/foundation/protocol/index.ts';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  startModelServer,
  usage,
} from '../../../../src/testing/index.ts';
import { type TestSession, testSession } from '../../../support/session.ts';
import { gitRepository, tempDir } from '../../../support/temp-dir.ts';

const RUNS = Number(process.env['KEEL_RUNS'] ?? 7);

type Deed =
  | { readonly type: 'say' | 'work' | 'interrupt' | 'compact' | 'undo' | 'shell' | 'resume' }
  | { readonly type: 'rollback' | 'fork'; readonly count: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('say', 'work', 'interrupt', 'compact', 'undo', 'shell', 'resume'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('rollback' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fork' as const), count: fc.integer({ min: 0, max: 4 }) }) },
);

let server: ModelServer;
beforeAll(async () => {
  // What is asked says what is answered: a call for `work` and `hang`, and a text when the call has its output.
  server = await startModelServer((request) => {
    const last = request.input.at(-1);
    const isOutput = last?.['type'] === 'function_call_output';
    const asked = request.textsOf('user').findLast((text) => !text.startsWith('<')) ?? '';
    const size = usage({ input: steady(request.input).length, output: 5 });
    if (isOutput || !/^(work|hang)/.test(asked)) return respond(message(`answer to ${asked}`), size);
    const script = asked.startsWith('hang') ? 'sleep 60' : `echo '${asked}' >> a.txt`;
    return respond(functionCall('shell', { command: ['bash', '-c', script] }, `call ${asked}`), size);
  });
});
afterAll(() => server.close());

test('M76: a thread that was rolled back, live, continues as one read from its file, whatever came before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 3, maxLength: 9 }), async (deeds) => {
      using home = tempDir();
      using repo = gitRepository();
      const open = (options: object = {}, path = home.path) =>
        testSession({
          url: server.url,
          home: path,
          cwd: repo.path,
          options,
          overrides: ['features.ghost_commit=true'],
        });
      let live = await open();
      try {
        await live.say('first');
        for (const [at, one] of deeds.entries()) live = await perform(live, one, at, open);
        using other = tempDir();
        copyHome(home.path, other.path);
        const [fromLive, before] = await probe(live);
        const again = await open({ origin: { type: 'resume', id: live.session.threadId } }, other.path);
        try {
          const [fromFile, after] = await probe(again);
          expect(fromFile).toEqual(fromLive);
          expect(after).toEqual(before);
        } finally {
          await again[Symbol.asyncDispose]();
        }
      } finally {
        await live[Symbol.asyncDispose]();
      }
    }),
    { numRuns: RUNS },
  );
}, 120_000);

async function perform(
  live: TestSession,
  one: Deed,
  at: number,
  open: (options: object) => Promise<TestSession>,
): Promise<TestSession> {
  switch (one.type) {
    case 'say':
    case 'work':
      await live.say(`${one.type} ${at}`);
      return live;
    case 'interrupt': {
      const before = live.events.length;
      const id = live.session.submit({ type: 'userInput', items: [{ type: 'text', text: `hang ${at}` }] });
      await live.next('item.started', (event) => isNew(live, event, before) && event.item.type === 'commandExecution');
      live.session.submit({ type: 'interrupt' });
      await live.next('turn.completed', ({ turnId }) => turnId === id);
      return live;
    }
    case 'compact':
    case 'undo':
      await live.turn({ type: one.type });
      return live;
    case 'shell':
      await live.turn({ type: 'userShell', command: `echo shell ${at}` });
      return live;
    case 'rollback':
      await told(live, { type: 'rollback', turns: one.count });
      return live;
    case 'resume':
      await live[Symbol.asyncDispose]();
      return open({ origin: { type: 'resume', id: live.session.threadId } });
    case 'fork':
      await live[Symbol.asyncDispose]();
      return open({ origin: { type: 'fork', id: live.session.threadId, userMessages: one.count } });
  }
}

/** Done, or refused since there is nothing to take back. */
async function told(live: TestSession, op: Op): Promise<void> {
  const before = live.events.length;
  live.session.submit(op);
  await Promise.race([
    live.next('thread.rolledBack', (event) => isNew(live, event, before)),
    live.next('error', (event) => isNew(live, event, before) && event.error.kind === 'invalidInput'),
  ]);
}

function isNew(live: TestSession, event: SessionEvent, before: number): boolean {
  return live.events.indexOf(event) >= before;
}

/** What the next request sends, and what the thread has used after it. */
async function probe(live: TestSession): Promise<[unknown, unknown]> {
  expect(await live.say('probe')).toMatchObject({ status: 'completed' });
  const used = live.events.findLast((event) => event.type === 'usage.updated');
  return [JSON.parse(steady(server.requests.at(-1)?.input)), used?.info];
}

/** A first turn waits for git a short while only: whether the repository is in its context is a matter of chance. */
function steady(input: unknown): string {
  return JSON.stringify(input).replaceAll(/\\n *<repository>.*?<\/repository>/g, '');
}

/** The threads, without their leases: a copy is another thread. */
function copyHome(from: string, to: string): void {
  cpSync(join(from, 'sessions'), join(to, 'sessions'), { recursive: true });
  for (const name of readdirSync(join(to, 'sessions'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.lease')) rmSync(join(to, 'sessions', name));
  }
}
