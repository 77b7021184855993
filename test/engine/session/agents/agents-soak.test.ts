import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SessionEvent } from '../../../../src/foundation/protocol/index.ts';
import { HttpTransport, type Transport } from '../../../../src/models/client/index.ts';

import {
  delay,
  functionCall,
  hang,
  httpError,
  type ModelServer,
  message,
  type Part,
  type RecordedRequest,
  type Response,
  respond,
  startModelServer,
  usage,
} from '../../../../src/testing/index.ts';
import { processesWith, rolloutsIn, until } from '../../../support/keel.ts';
import { says, type TestSession, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
/** Requests that were sent so far. One that is given up at once may reach the server much later, or never. */
let sent: { all: number; byHelpers: number };

beforeEach(() => {
  sent = { all: 0, byHelpers: 0 };
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** Chance with a seed (xorshift), so that a run that fails can be had again. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  oneOf<T>(choices: readonly (() => T)[]): T {
    const choice = choices[this.below(choices.length)];
    if (!choice) throw new Error('nothing to choose from');
    return choice();
  }
}

const shell = (script: string) => functionCall('shell', { command: ['bash', '-c', script] });
const isHelper = (request: RecordedRequest) => request.textsOf('user').some((text) => text.startsWith('<agent_role'));

/** What a model may come up with, for a helper and for its parent. */
function randomAnswer(chance: Chance, request: RecordedRequest): Response {
  const said = () => respond(delay(chance.below(20)), message('said'), usage({ input: 3, output: 1 }));
  if (isHelper(request)) {
    return chance.oneOf<Response>([
      said,
      said,
      () => respond(shell('touch asked')),
      () => respond(functionCall('spawn_agent', { message: 'part of it' })),
      () => respond(shell('sleep 66')),
      () => respond(hang()),
      () => httpError(400, 'no'),
    ]);
  }
  const id = () => `worker-${1 + chance.below(4)}`;
  const call = (): Part =>
    chance.oneOf<Part>([
      () => functionCall('spawn_agent', { message: 'work' }),
      () => functionCall('spawn_agent', { message: 'work' }),
      () => functionCall('wait', { ids: [id()] }),
      () => functionCall('send_input', { id: id(), message: 'more', interrupt: chance.below(2) === 0 }),
      () => functionCall('close_agent', { id: id() }),
    ]);
  return chance.oneOf<Response>([said, () => respond(call()), () => respond(call(), call()), () => respond(call())]);
}

/** The real one, counting. */
function countingTransport(): Transport {
  const transport = new HttpTransport({ env: {} });
  return {
    send(request, signal, onSent) {
      sent.all += 1;
      if (Buffer.concat(request.body).includes('<agent_role')) sent.byHelpers += 1;
      return transport.send(request, signal, onSent);
    },
    close: () => transport.close(),
  };
}

/** What a user may do, at any moment. */
async function randomUse({ session, events }: TestSession, chance: Chance): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    const asked = events.findLast((event) => event.type === 'approval.requested');
    chance.oneOf<unknown>([
      () => session.submit(says('go')),
      () => session.submit(says('go')),
      () => session.submit({ type: 'interrupt' }),
      () => asked && answer(asked.request.questionId, 'approved'),
      () => asked && answer(asked.request.questionId, 'denied'),
    ]);
    await pause(chance.below(40));
  }
  function answer(questionId: string, type: 'approved' | 'denied') {
    session.submit({ type: 'approval', questionId, decision: { type } });
  }
}

function expectWhole(events: readonly SessionEvent[]): void {
  const ended = new Set<string>();
  const open = new Set<string>();
  for (const event of events) {
    if (!('turnId' in event) || event.turnId === null) continue;
    expect(ended.has(event.turnId), `${event.type} after the end of its turn`).toBe(false);
    if (event.type === 'turn.started') open.add(event.turnId);
    if (event.type !== 'turn.completed') continue;
    open.delete(event.turnId);
    ended.add(event.turnId);
  }
  expect([...open]).toEqual([]);
}

/** After an interrupt no helper has a request open or sends another one, until somebody says something again. */
async function expectStopped({ session, events }: TestSession): Promise<void> {
  session.submit({ type: 'interrupt' });
  const count = (type: SessionEvent['type']) => events.filter((event) => event.type === type).length;
  const ended = () => Promise.all(server.requests.filter(isHelper).map(({ closed }) => closed));
  await pause(0);
  await until(() => count('turn.started') === count('turn.completed'));
  await until(() => processesWith(home.path).length === 0);
  await ended();
  const before = sent.byHelpers;
  await pause(60);
  expect(sent.byHelpers).toBe(before);
  await ended();
}

test.each(Array.from({ length: 12 }, (_, at) => at + 1))(
  'I2, I3, I14: whatever model and user do with helpers, every turn ends once and nothing outlives the session (seed %i)',
  async (seed) => {
    const chance = new Chance(seed);
    server = await startModelServer((request) => randomAnswer(chance, request));
    const live = await testSession({
      url: server.url,
      home: home.path,
      cwd: repo.path,
      options: { openTransport: countingTransport },
      overrides: [
        'features.multi_agent=true',
        'agents.max_threads=4',
        'agents.max_depth=2',
        'approval_policy="untrusted"',
      ],
    });
    await randomUse(live, chance);
    await expectStopped(live);
    const startedAt = Date.now();
    await live[Symbol.asyncDispose]();
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    const before = sent.all;
    expectWhole(live.events);
    expect(rolloutsIn(home.path).filter((path) => existsSync(`${path}.lease`))).toEqual([]);
    await until(() => processesWith(home.path).length === 0);
    await pause(20);
    expect(sent.all).toBe(before);
    await Promise.all(server.requests.map(({ closed }) => closed));
  },
  20_000,
);
