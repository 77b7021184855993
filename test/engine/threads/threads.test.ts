import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RecordedThreads, type Session, Threads } from '../../../src/engine/threads/index.ts';
import { processStat } from '../../../src/foundation/util/index.ts';
import { loadConfig } from '../../../src/storage/config/index.ts';
import { message, respond, startModelServer } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { until } from '../../support/keel.ts';
import { says } from '../../support/session.ts';

const places = freshPlaces();
const options = { source: 'sdk', originator: 'test', canAsk: false, ownsProcess: false } as const;

const configOf = (url: string) =>
  loadConfig({
    env: { PATH: process.env['PATH'], KEEL_HOME: places.home.path, OPENAI_BASE_URL: url, OPENAI_API_KEY: 'test' },
    cwd: places.repo.path,
    overrides: ['sandbox_mode="danger-full-access"'],
    flags: {},
    systemDir: places.home.path,
  });

/** The last message of the turn that a message starts. */
async function answerTo(session: Session, text: string): Promise<string | null> {
  const events = session.events();
  const id = session.submit(says(text));
  for await (const event of events) {
    if (event.type === 'turn.completed' && event.turnId === id) return event.lastAgentMessage;
  }
  return null;
}

test('threads run side by side, and each has as many readers as there are', async () => {
  await using server = await startModelServer((request) => respond(message(`about ${request.lastUserText}`)));
  await using threads = new Threads(options);
  const config = await configOf(server.url);
  const open = () => threads.open({ config, origin: { type: 'new' } });
  const sessions = await Promise.all(Array.from({ length: 8 }, open));
  const readers = sessions.flatMap((session) => [answerTo(session, session.threadId), answersOf(session)]);
  const answers = sessions.map(({ threadId }) => `about ${threadId}`);
  expect(await Promise.all(readers)).toEqual(answers.flatMap((answer) => [answer, answer]));
  expect(sessions.map(({ threadId }) => threads.find(threadId))).toEqual(sessions);
});

/** The first answer that a reader of its own gets. */
async function answersOf(session: Session): Promise<string | null> {
  for await (const event of session.events()) {
    if (event.type === 'turn.completed') return event.lastAgentMessage;
  }
  return null;
}

test('a thread that is closed is no longer open here, and can be opened again', async () => {
  await using server = await startModelServer([respond(message('one')), respond(message('two'))]);
  await using threads = new Threads(options);
  const config = await configOf(server.url);
  const first = await threads.open({ config, origin: { type: 'new' } });
  await answerTo(first, 'hello');
  const origin = { type: 'resume', id: first.threadId } as const;
  await expect(threads.open({ config, origin })).rejects.toMatchObject({ kind: 'threadBusy' });
  await first.close();
  expect(threads.find(first.threadId)).toBe(null);
  const again = await threads.open({ config, origin });
  expect(threads.find(first.threadId)).toBe(again);
  expect(await answerTo(again, 'and now?')).toBe('two');
});

test('closing them all ends their turns and leaves their records free', async () => {
  await using server = await startModelServer(() => respond(message('done')));
  const config = await configOf(server.url);
  const threads = new Threads(options);
  const sessions = await Promise.all(['a', 'b', 'c'].map(() => threads.open({ config, origin: { type: 'new' } })));
  await Promise.all(sessions.map((session) => answerTo(session, 'hello')));
  await threads[Symbol.asyncDispose]();
  expect(sessions.map(({ threadId }) => threads.find(threadId))).toEqual([null, null, null]);
  expect(() => sessions[0]?.submit(says('more'))).toThrow(/closed|ended/);
  const recorded = new RecordedThreads(places.home.path);
  for (const { threadId } of sessions) recorded.archive(threadId);
  expect((await recorded.list({})).threads).toEqual([]);
});

// It starts a program from its sources, on a machine that may be busy.
test.skipIf(process.platform !== 'linux')(
  'a process that a command left behind ends with the last thread of its program',
  { timeout: 120_000 },
  async () => {
    const script = join(import.meta.dirname, 'side-by-side.ts');
    const child = spawn(process.execPath, [script, places.home.path, places.repo.path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const pidFile = join(places.repo.path, 'pid');
    const isAlive = () => processStat(Number(readFileSync(pidFile, 'utf8')))?.hasEnded === false;
    await until(() => output.includes('one is closed'), 60_000);
    expect(existsSync(pidFile)).toBe(true);
    expect(isAlive()).toBe(true);
    child.stdin.end();
    await until(() => child.exitCode !== null, 30_000);
    expect(isAlive()).toBe(false);
  },
);
