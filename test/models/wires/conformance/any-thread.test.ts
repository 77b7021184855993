import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConversationHistory } from '../../../../src/context/history/index.ts';
import { type Call, round, roundItems, turn, user } from './random-threads.ts';
import { bodyOf, clientFor, faultsOf, SPEAKERS } from './support.ts';

describe('whatever a thread holds, made by whom ever', () => {
  test('no request has anything that a strict server of any API refuses', () => {
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 3 }), (turns) => {
        const history = new ConversationHistory();
        const clients = SPEAKERS.map((speaker) => ({ speaker, client: clientFor(speaker) }));
        const ask = () => {
          for (const { speaker, client } of clients) {
            const body = bodyOf(client, { input: history.forPrompt() });
            expect([speaker.provider, ...faultsOf(speaker, body)]).toEqual([speaker.provider]);
          }
        };
        let place = 0;
        for (const one of turns) {
          history.record([user(one.said ?? 'go', one.picture)]);
          for (const oneRound of one.rounds) {
            ask();
            place += 1;
            history.record([...roundItems(one, oneRound, place)]);
          }
        }
        history.record([user('and now?', false)]);
        ask();
        for (const { speaker, client } of clients) {
          // What was written for the requests before makes no difference.
          const input = history.forPrompt();
          expect(bodyOf(client, { input })).toBe(bodyOf(clientFor(speaker), { input }));
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test('a request extends the one before byte for byte while the turn runs, also behind a picture that a tool shows', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SPEAKERS), fc.array(round, { minLength: 2, maxLength: 4 }), (speaker, rounds) => {
        const history = new ConversationHistory();
        const client = clientFor(speaker);
        history.record([user('go', false)]);
        let before: string | null = null;
        for (const [at, given] of rounds.entries()) {
          // A round without a result would be the end of the turn.
          const answered = given.calls.map((one) =>
            one.result === 'none' ? { ...one, result: 'text' as const } : one,
          );
          const calls = answered.length === 0 ? [oneCall] : answered;
          const sent = prefixOf(bodyOf(client, { input: history.forPrompt() }));
          if (before !== null) expect(sent.startsWith(before)).toBe(true);
          before = sent;
          const one = { ...given, calls, steered: false };
          history.record([...roundItems({ speaker, said: null, picture: false, rounds: [] }, one, at)]);
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

const oneCall: Call = { id: 'c', name: 'shell', args: '{}', result: 'text', isCustom: false };

/** Up to the last message or item, which may not grow; marks of a cache do not count. */
function prefixOf(body: string): string {
  const end = Math.max(body.lastIndexOf(']}],"'), body.lastIndexOf('}],"stream"'), body.lastIndexOf('}],"tools"'));
  const whole = body.replaceAll(',"cache_control":{"type":"ephemeral"}', '');
  return end === -1 ? whole.slice(0, whole.lastIndexOf(']}]}')) : body.slice(0, end);
}
