import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SessionEvent } from '../../../../src/foundation/protocol/index.ts';
import {
  cut,
  functionCall,
  type ModelServer,
  message,
  type Part,
  type RecordedRequest,
  reasoning,
  respond,
  startModelServer,
  usage,
} from '../../../../src/testing/index.ts';
import { testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** What a person sees of a turn, without what differs from run to run. */
function shown(events: readonly SessionEvent[]): unknown[] {
  return events.flatMap((event): unknown[] => {
    if (event.type === 'turn.completed') return [[event.type, event.status, event.lastAgentMessage]];
    if (event.type !== 'item.started' && event.type !== 'item.completed') return [];
    const { item } = event;
    const output = item.type === 'commandExecution' ? item.aggregatedOutput : null;
    return [[event.type, item.type, item.id, 'status' in item ? item.status : null, output]];
  });
}

/** Whether a response has begun to come in and has not ended. */
function isWithinResponse(lines: readonly string[]): boolean {
  const began = lines.findLastIndex((line) => line.includes('"kind":"sampling","state":"begin"'));
  const since = lines.slice(began + 1);
  const hasEnded = since.some((line) => line.includes('"kind":"sampling","state":"end"'));
  return began !== -1 && !hasEnded && since.some((line) => line.includes('"step":"sampling'));
}

/** Answers by what the request says was done, so that a replayed turn gets the same answers from where it continues. */
function answer(request: RecordedRequest) {
  const outputs = request.input.filter((item) => item['type'] === 'function_call_output').length;
  const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
  if (outputs === 0)
    return respond(
      reasoning(['look'], { id: 'r1' }),
      message('first', { id: 'm1' }),
      shell('echo one', 'c1'),
      shell('echo two; exit 2', 'c2'),
    );
  if (outputs === 2)
    return respond(
      functionCall('update_plan', { plan: [{ step: 'A', status: 'pending' }] }, 'c3'),
      shell('echo three', 'c4'),
    );
  return respond(message('last', { id: 'm2' }), usage({ total: 5 }));
}

test('fleet 9.2: a turn replayed over every prefix of its journal is reported as it was', async () => {
  server = await startModelServer(answer);
  const place = { url: server.url, home: home.path, cwd: repo.path };
  const original = await testSession(place);
  await original.say('go');
  await original[Symbol.asyncDispose]();
  const path = original.session.rolloutPath ?? '';
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const begin = lines.findIndex((line) => line.includes('"input-0"') && line.includes('"end"'));
  const end = lines.findIndex((line) => line.includes('"task_complete"'));
  expect(end - begin).toBeGreaterThan(15);
  const wanted = shown(original.events);
  for (let cut = begin + 1; cut <= end; cut += 1) {
    // Within a response the model itself is asked again, and may answer otherwise: that is another test.
    if (isWithinResponse(lines.slice(0, cut))) continue;
    // A call's output and the end of its step are written in one go.
    if (lines[cut - 1]?.includes('"step":"tool-')) continue;
    using other = tempDir();
    const copy = join(other.path, 'sessions/2026/11/24', basename(path));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, `${lines.slice(0, cut).join('\n')}\n`);
    const origin = { type: 'resume', id: original.session.threadId } as const;
    await using replayed = await testSession({
      ...place,
      home: other.path,
      options: { origin, unfinishedTurn: 'continue' },
    });
    await replayed.next('turn.completed');
    expect(shown(replayed.events), `cut after line ${cut}: ${lines[cut - 1]?.slice(0, 160)}`).toEqual(wanted);
  }
}, 60_000);

test('P4: each request extends the one before byte for byte, whatever the conversation, its failures and its resumes', async () => {
  type Round = { readonly kind: 'say' | 'call' | 'break' | 'policy' | 'resume'; readonly text: string };
  const round: fc.Arbitrary<Round> = fc.record({
    kind: fc.constantFrom('say', 'call', 'break', 'policy', 'resume'),
    text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => text.trim() !== ''),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 2, maxLength: 6 }), async (rounds) => {
      using own = tempDir();
      let next: Part[][] = [];
      const model = await startModelServer(() => respond(...(next.shift() ?? [message('ok'), usage({})])));
      const place = { url: model.url, home: own.path, cwd: repo.path };
      let live = await testSession(place);
      try {
        for (const { kind, text } of rounds) {
          if (kind === 'policy') {
            live.session.submit({
              type: 'overrideTurnContext',
              settings: { approvalPolicy: text.length % 2 ? 'never' : 'on-request' },
            });
          }
          if (kind === 'resume') {
            await live[Symbol.asyncDispose]();
            if (model.requests.length > 0)
              live = await testSession({
                ...place,
                options: { origin: { type: 'resume', id: live.session.threadId } },
              });
            else live = await testSession(place);
          }
          const call = functionCall('shell', { command: ['printf', '%s', text] });
          next = kind === 'call' ? [[message(text), call]] : kind === 'break' ? [[message(text), call, cut()]] : [];
          expect(await live.say(text)).toMatchObject({ status: 'completed' });
        }
        for (const [at, request] of model.requests.entries()) {
          const before = model.requests[at - 1];
          if (before) request.assertExtends(before);
        }
      } finally {
        await live[Symbol.asyncDispose]();
        await model.close();
      }
    }),
    { numRuns: Number(process.env['KEEL_RUNS'] ?? 8) },
  );
  server = await startModelServer([]);
}, 120_000);
