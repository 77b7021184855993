import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SessionEvent, ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { transcript } from '../../../src/surfaces/export/index.ts';
import { replayThread } from '../../../src/surfaces/replay/index.ts';
import {
  customCall,
  cut,
  functionCall,
  hang,
  httpError,
  message,
  type Part,
  type Response,
  reasoning,
  respond,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { says, type TestSession, testSession } from '../../support/session.ts';
import { gitRepository, keelHome } from '../../support/temp-dir.ts';

const KINDS = [
  'say',
  'think',
  'calls',
  'break',
  'busy',
  'interrupt',
  'steer',
  'compact',
  'shell',
  'edit',
  'big',
  'full',
  'help',
  'rollback',
  'settings',
  'resume',
] as const;
const round = fc.record({
  kind: fc.constantFrom(...KINDS),
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => text.trim() !== ''),
});

/** Of all that a user can have: each changes which steps a turn takes. */
const overrides = [
  'features.multi_agent=true',
  'verify_before_finish="always"',
  'model_auto_compact_token_limit=4000',
  'budget.tokens=3000',
];

/** What the examples at least have in their records. */
const MARKS = [
  ...['"outputs_elided"', '"compacted"', '"thread_rolled_back"', '"gate-', '"agent_status"'],
  ...['left for this task', 'The budget is used up'],
];
const LONG = 'for i in {1..200}; do echo "line $i of many, all of them long ones"; done';
const rounds = (...kinds: readonly (typeof KINDS)[number][]) => kinds.map((kind) => ({ kind, text: 'words' }));

/** Steers or interrupts a turn as soon as it has said something. Resolves when no turn runs. */
async function during(live: TestSession, text: string, kind: 'steer' | 'interrupt'): Promise<void> {
  const before = live.events.length;
  const isNew = (event: SessionEvent) => live.events.indexOf(event) >= before;
  const ended = live.turn(says(text));
  const said = live.next('item.completed', (event) => isNew(event) && event.item.type === 'agentMessage');
  // A turn may end without a word: the compaction before it can use up its budget.
  if ((await Promise.race([ended, said])).type === 'turn.completed') return;
  if (kind === 'interrupt') live.session.submit({ type: 'interrupt' });
  else {
    const id = live.session.submit(says('and this'));
    await ended;
    const isTaken = live.events.some(
      (event) => event.type === 'item.completed' && isNew(event) && shows(event.item, 'and this'),
    );
    // Input that comes too late for a turn starts the next one, which what follows must not join.
    if (!isTaken) await live.next('turn.completed', ({ turnId }) => turnId === id);
  }
  await ended;
}

function shows(item: ThreadItem, text: string): boolean {
  return item.type === 'userMessage' && item.content.some((part) => part.type === 'text' && part.text === text);
}

test('any conversation goes the same way again: failures, interrupts, steering, rollbacks, full windows, helpers, resumes', async () => {
  using repo = gitRepository();
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 9 }), fc.subarray(overrides), async (all, chosen) => {
      using home = keelHome();
      let next: (Response | ReturnType<typeof httpError>)[] = [];
      let sent = 0;
      await using server = await startModelServer((request) => {
        if (request.textsOf('user').some((text) => text.startsWith('<agent_role'))) return respond(message('helped'));
        if (request.headers['codex-task-type'] === 'compact') return respond(message('## Goal\nthe same'));
        sent += 1;
        return next.shift() ?? respond(message(`answer ${sent}`), usage({ input: 400 * (sent % 12), output: 7 }));
      });
      const place = { url: server.url, home: home.path, cwd: repo.path, overrides: chosen };
      let live = await testSession(place);
      try {
        let calls = 0;
        const call = (text: string): Part => {
          calls += 1;
          return functionCall('shell', { command: ['printf', '%s', text] }, `c${calls}`);
        };
        for (const { kind, text } of all) {
          next = [];
          if (kind === 'think')
            next = [respond(reasoning([text]), call(text)), respond(reasoning(['more']), message(text))];
          if (kind === 'calls')
            next = [respond(call(text), call('b'), message(text), usage({ input: 2_400 })), respond(call('c'))];
          if (kind === 'break') next = [respond(message(text), call(text), cut())];
          if (kind === 'edit') {
            const input = `*** Begin Patch\n*** Add File: new-${calls}.txt\n+x\n*** End Patch`;
            calls += 1;
            next = [respond(customCall('apply_patch', input, `c${calls}`))];
          }
          if (kind === 'big') {
            calls += 1;
            next = [
              respond(functionCall('shell', { command: ['bash', '-c', LONG] }, `c${calls}`), usage({ input: 300 })),
            ];
          }
          if (kind === 'full') next = [respond(call(text), usage({ input: 4_100 }))];
          if (kind === 'help') {
            calls += 1;
            next = [respond(functionCall('spawn_agent', { message: text }, `c${calls}`))];
          }
          if (kind === 'busy') next = [httpError(503, 'busy'), httpError(503, 'busy')];
          if (kind === 'settings') {
            const settings = { model: text.length % 2 ? 'gpt-5-codex' : 'gpt-4.1', approvalPolicy: 'never' } as const;
            live.session.submit({ type: 'overrideTurnContext', settings });
          }
          if (kind === 'resume' && server.requests.length > 0) {
            await live[Symbol.asyncDispose]();
            live = await testSession({
              ...place,
              options: { origin: { type: 'resume', id: live.session.threadId } },
            });
          }
          if (kind === 'compact') await live.turn({ type: 'compact', focus: text });
          else if (kind === 'rollback') {
            const before = live.events.length;
            const isNew = (event: SessionEvent) => live.events.indexOf(event) >= before;
            live.session.submit({ type: 'rollback', turns: 1 + (text.length % 2) });
            // Refused where there is none.
            await Promise.race([live.next('thread.rolledBack', isNew), live.next('error', isNew)]);
          } else if (kind === 'shell') await live.turn({ type: 'userShell', command: 'echo by hand' });
          else if (kind === 'interrupt' || kind === 'steer') {
            next = [respond(message('begun'), call(text), ...(kind === 'interrupt' ? [hang()] : []))];
            await during(live, text, kind);
          } else await live.say(text);
        }
      } finally {
        await live[Symbol.asyncDispose]();
      }
      const path = live.session.rolloutPath ?? '';
      const record = readFileSync(path, 'utf8');
      for (const mark of MARKS) if (record.includes(mark)) seen.add(mark);
      const report = await replayThread(path);
      expect(report.differences).toEqual([]);
      expect(report.requests.compared).toBe(report.requests.all);
      const page = [...transcript({ path, format: 'html', prices: {} })].join('');
      expect(page.match(/<section/g)?.length ?? 0).toBe(page.match(/<\/section>/g)?.length ?? 0);
    }),
    {
      numRuns: Number(process.env['KEEL_RUNS'] ?? 8),
      // A conversation that never ends is named; without these the test would only run out of time.
      timeout: 20_000,
      endOnFailure: true,
      examples: [
        [rounds('big', 'say', 'say', 'full', 'resume', 'say'), ['model_auto_compact_token_limit=4000']],
        [rounds('calls', 'full', 'rollback', 'edit'), ['budget.tokens=3000', 'verify_before_finish="always"']],
        [rounds('help', 'say', 'compact', 'say'), ['features.multi_agent=true']],
        [rounds('full', 'interrupt', 'full', 'steer'), ['model_auto_compact_token_limit=4000', 'budget.tokens=3000']],
      ],
    },
  );
  expect(MARKS.filter((mark) => !seen.has(mark))).toEqual([]);
}, 120_000);
