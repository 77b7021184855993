import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  startModelServer,
  usage,
} from '../../../../src/testing/index.ts';
import { rolloutsIn, until } from '../../../support/keel.ts';
import { runCommandLine } from '../../../support/programs/resident-keel.ts';
import { says, type TestSession, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let live: TestSession | null = null;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await live?.[Symbol.asyncDispose]();
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const answer = (text: string) => respond(message(text), usage({ input: 10, output: 1 }));
const said = (index: number) => (server.requests[index]?.textsOf('user') ?? []).filter((text) => !text.startsWith('<'));

/** A thread of three turns; what it is forked to comes next in the script. */
async function threeTurns(...more: readonly ReturnType<typeof answer>[]): Promise<string> {
  server = await startModelServer([answer('a1'), answer('a2'), answer('a3'), answer('a4'), ...more]);
  const first = await testSession({ url: server.url, home: home.path, cwd: repo.path });
  for (const text of ['one', 'two', 'three']) await first.say(text);
  const { threadId } = first.session;
  await first[Symbol.asyncDispose]();
  return threadId;
}

/** The fingerprints of the requests in the thread's record. */
function asksIn({ session }: TestSession): { readonly kept: number; readonly items: readonly string[] }[] {
  const lines = readFileSync(session.rolloutPath ?? '', 'utf8')
    .split('\n')
    .filter(Boolean);
  return lines.flatMap((line) => JSON.parse(line).payload.asks ?? []);
}

async function fork(id: string, userMessages: number | null): Promise<TestSession> {
  const options = { origin: { type: 'fork', id, userMessages } } as const;
  live = await testSession({ url: server.url, home: home.path, cwd: repo.path, options });
  return live;
}

describe('a fork', () => {
  test('M78, protocol 26: begins with the first turns only, as its own thread', async () => {
    const id = await threeTurns();
    const forked = await fork(id, 1);
    await forked.say('elsewhere');
    expect(said(3)).toEqual(['one', 'elsewhere']);
    expect(forked.session.threadId).not.toBe(id);
    const [first] = readFileSync(forked.session.rolloutPath ?? '', 'utf8').split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ payload: { id: forked.session.threadId, forked_from_id: id } });
    const started = forked.events[0];
    expect(started).toMatchObject({ type: 'thread.started', turns: [{ status: 'completed' }] });
  });

  test('at the number of its messages keeps all of them', async () => {
    const id = await threeTurns();
    const forked = await fork(id, 3);
    await forked.say('four');
    expect(said(3)).toEqual(['one', 'two', 'three', 'four']);
  });

  test('writes no digest of what its first request takes over', async () => {
    const forked = await fork(await threeTurns(), null);
    await forked.say('four');
    const [asks] = asksIn(forked).slice(-1);
    // The last answer and what is said now.
    expect(asks?.items).toHaveLength(2);
    expect(asks?.kept).toBeGreaterThan(5);
  });

  test('M78: at 0, or beyond the end, is a new conversation', async () => {
    const id = await threeTurns(answer('a5'));
    for (const [at, index] of [
      [0, 3],
      [9, 4],
    ] as const) {
      const forked = await fork(id, at);
      await forked.say('fresh');
      expect(said(index)).toEqual(['fresh']);
      await forked[Symbol.asyncDispose]();
    }
    live = null;
  });

  test('M77: of the whole thread extends its last request, under a cache key of its own', async () => {
    const id = await threeTurns();
    const forked = await fork(id, null);
    await forked.say('four');
    const [before, after] = server.requests.slice(-2);
    expect(after?.input.slice(0, before?.input.length)).toEqual(before?.input);
    expect(after?.body['prompt_cache_key']).not.toBe(before?.body['prompt_cache_key']);
  });

  test('protocol 26: leaves the other thread as it was, and can be resumed itself', async () => {
    const id = await threeTurns(answer('a5'));
    const path = rolloutsIn(home.path)[0] ?? '';
    const before = readFileSync(path, 'utf8');
    const run = await runCommandLine(['exec', 'fork', id, '--at', '2', '--json', 'aside'], {
      home: home.path,
      cwd: repo.path,
      url: server.url,
    });
    expect(run.code).toBe(0);
    expect(said(3)).toEqual(['one', 'two', 'aside']);
    expect(readFileSync(path, 'utf8')).toBe(before);
    const forkedId = String(JSON.parse(run.stdout.split('\n')[0] ?? '').thread_id);
    expect(
      (await runCommandLine(['exec', 'resume', forkedId, 'more'], { home: home.path, cwd: repo.path, url: server.url }))
        .code,
    ).toBe(0);
    expect(said(4)).toEqual(['one', 'two', 'aside', 'more']);
  });

  test.each(['continue', 'interrupt'] as const)(
    'of a thread that is within a call runs nothing of it again, and knows that its end is not known (%s)',
    async (unfinishedTurn) => {
      const command = ['bash', '-c', 'echo begun >> log; sleep 30'];
      server = await startModelServer([respond(functionCall('shell', { command }, 'c1')), answer('a1')]);
      await using first = await testSession({ url: server.url, home: home.path, cwd: repo.path });
      first.session.submit(says('one'));
      const log = join(repo.path, 'log');
      await until(() => existsSync(log));
      const origin = { type: 'fork', id: first.session.threadId, userMessages: null } as const;
      const options = { origin, unfinishedTurn };
      live = await testSession({ url: server.url, home: home.path, cwd: repo.path, options });
      expect((await live.next('thread.started')).turns).toMatchObject([{ status: 'interrupted' }]);
      await live.say('two');
      expect(server.requests[1]?.outputOf('c1')).toContain('unknown outcome');
      expect(readFileSync(log, 'utf8')).toBe('begun\n');
    },
  );
});
