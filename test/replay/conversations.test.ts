import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transcript } from '../../src/export/index.ts';
import { replayThread } from '../../src/replay/index.ts';
import {
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
} from '../../src/testing/index.ts';
import { says, testSession } from '../support/session.ts';
import { gitRepository, tempDir } from '../support/temp-dir.ts';

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
  'settings',
  'resume',
] as const;
const round = fc.record({
  kind: fc.constantFrom(...KINDS),
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => text.trim() !== ''),
});

test('any conversation goes the same way again: failures, interrupts, steering, compactions, settings, resumes', async () => {
  using repo = gitRepository();
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 7 }), async (rounds) => {
      using home = tempDir();
      let next: (Response | ReturnType<typeof httpError>)[] = [];
      let sent = 0;
      await using server = await startModelServer(() => {
        sent += 1;
        return next.shift() ?? respond(message(`answer ${sent}`), usage({ input: 100 * sent, output: 7 }));
      });
      const place = { url: server.url, home: home.path, cwd: repo.path };
      let live = await testSession(place);
      try {
        let calls = 0;
        const call = (text: string): Part => {
          calls += 1;
          return functionCall('shell', { command: ['printf', '%s', text] }, `c${calls}`);
        };
        for (const { kind, text } of rounds) {
          next = [];
          if (kind === 'think')
            next = [respond(reasoning([text]), call(text)), respond(reasoning(['more']), message(text))];
          if (kind === 'calls') next = [respond(call(text), call('b'), message(text)), respond(call('c'))];
          if (kind === 'break') next = [respond(message(text), call(text), cut())];
          if (kind === 'busy') next = [httpError(503, 'busy'), httpError(503, 'busy')];
          if (kind === 'settings') {
            const settings = { model: text.length % 2 ? 'gpt-5-codex' : 'gpt-4.1', approvalPolicy: 'never' } as const;
            live.session.submit({ type: 'overrideTurnContext', settings });
          }
          if (kind === 'resume' && server.requests.length > 0) {
            await live[Symbol.asyncDispose]();
            live = await testSession({ ...place, options: { origin: { type: 'resume', id: live.session.threadId } } });
          }
          if (kind === 'compact') await live.turn({ type: 'compact', focus: text });
          else if (kind === 'shell') await live.turn({ type: 'userShell', command: 'echo by hand' });
          else if (kind === 'interrupt' || kind === 'steer') {
            next = [respond(message('begun'), call(text), ...(kind === 'interrupt' ? [hang()] : []))];
            const seen = live.events.length;
            const turn = live.turn(says(text));
            await live.next(
              'item.completed',
              (event) => live.events.indexOf(event) >= seen && event.item.type === 'agentMessage',
            );
            if (kind === 'steer') live.session.submit(says('and this'));
            else live.session.submit({ type: 'interrupt' });
            await turn;
          } else await live.say(text);
        }
      } finally {
        await live[Symbol.asyncDispose]();
      }
      const path = live.session.rolloutPath ?? '';
      const report = await replayThread(path);
      expect(report.differences).toEqual([]);
      expect(report.requests.compared).toBe(report.requests.all);
      const page = [...transcript({ path, format: 'html', prices: {} })].join('');
      expect(page.match(/<section/g)?.length ?? 0).toBe(page.match(/<\/section>/g)?.length ?? 0);
    }),
    { numRuns: 25 },
  );
}, 120_000);
