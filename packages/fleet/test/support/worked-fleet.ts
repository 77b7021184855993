import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRollout, loadConfig, openSession, type Session } from 'keel/session';
import { addToken, startFront } from '../../src/front/index.ts';
import type { TurnOutcome } from '../../src/protocol.ts';
import { granted, stageEnded, type ThreadState } from '../../src/service/thread-state.ts';
import { liveRoute } from '../../src/watch/index.ts';
import { startFakeEngine } from '../front/fake-engine.ts';

/** A front, the rules of the thread object, and one worker with real sessions, all in this process and without an engine. */
export async function startWorkedFleet(modelUrl: string, overrides: readonly string[] = []) {
  const data = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  const sessions = new Map<string, Session>();
  /** By turn, the number of the newest input that its session has. */
  const delivered = new Map<string, number>();
  const peers = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://worker');
    if (!liveRoute({ sessionOf: (id) => sessions.get(id) ?? null })(request, response, url))
      response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(peers, 'listening');
  const peerAddress = peers.address();
  const address = `http://127.0.0.1:${typeof peerAddress === 'object' && peerAddress !== null ? peerAddress.port : 0}`;

  let refusal: string | null = null;
  /** Turns that a session has had. */
  const begun = new Set<string>();

  async function openThread(threadId: string, { place, current }: ThreadState): Promise<void> {
    if (current === null) return;
    if (refusal !== null) {
      const failed = { type: 'ended', status: 'failed', message: null, tokens: null } as const;
      return void engine.end(threadId, { ...failed, taken: [], error: refusal });
    }
    const running = sessions.get(threadId);
    const turn = `${threadId} ${current.turnId}`;
    if (running !== undefined && begun.has(turn)) return;
    begun.add(turn);
    if (running !== undefined) return void running.submit(current.op, current.turnId);
    const env = { PATH: process.env['PATH'], HOME: data, KEEL_HOME: place.home };
    const config = await loadConfig({
      env: { ...env, OPENAI_BASE_URL: modelUrl, OPENAI_API_KEY: 'test' },
      cwd: place.cwd,
      overrides: ['sandbox_mode="danger-full-access"', ...overrides],
      flags: {},
      systemDir: data,
    });
    const known = rolloutOf(place.home, threadId);
    const session = await openSession({
      config,
      origin: known === null ? { type: 'new', label: { threadId } } : { type: 'resume', id: known },
      ...{ source: 'sdk', originator: 'keel_fleet', version: '0.0.0', ephemeral: false, canAsk: true },
      unfinishedTurn: 'continue',
      address,
    });
    sessions.set(threadId, session);
    void follow(threadId, session);
    if (known === null) session.submit(current.op, current.turnId);
  }

  async function follow(threadId: string, session: Session): Promise<void> {
    for await (const event of session.events()) {
      const state = engine.threads.get(threadId);
      if (event.type !== 'turn.completed' || state?.current?.turnId !== event.turnId) continue;
      const { status, lastAgentMessage: message } = event;
      const end: TurnOutcome = { type: 'ended', status, message, error: null, tokens: null, taken: [] };
      const { state: next } = granted(stageEnded(state, event.turnId, state.current.stage, end).state);
      engine.threads.set(threadId, next);
      void openThread(threadId, next);
    }
  }

  const engine = await startFakeEngine({
    submitted: (threadId, state) => void openThread(threadId, state),
    input: (threadId, { current }) => {
      for (const { at, input } of current?.inputs ?? []) {
        const turn = `${threadId} ${current?.turnId}`;
        if (at <= (delivered.get(turn) ?? 0)) continue;
        delivered.set(turn, at);
        const session = sessions.get(threadId);
        if (input.type === 'answer') session?.submit({ ...input, type: 'approval' });
        else if (input.type === 'interrupt') session?.submit(input);
        else session?.submit({ type: 'userInput', items: [{ type: 'text', text: input.text }] });
      }
    },
  });
  const tokenFile = join(data, 'tokens.json');
  writeFileSync(tokenFile, '{"tokens":[]}', { mode: 0o600 });
  const token = addToken(tokenFile, 'ann');
  const front = await startFront({
    ...{ host: '127.0.0.1', port: 0, ingress: engine.url, data, tokenFile, secret: 'the secret of the fleet' },
    ...{ cloneFrom: [], workers: ['127.0.0.1'], log: () => undefined },
  });

  return {
    url: front.url,
    token,
    data,
    engine,
    sessions,
    /** From here on no turn can be opened, for this reason. */
    refuse(reason: string): void {
      refusal = reason;
    },
    /** As a move does: the thread is released, and opened by a session that knows nothing of the first. */
    async move(threadId: string): Promise<void> {
      await sessions.get(threadId)?.release(5_000);
      sessions.delete(threadId);
      const state = engine.threads.get(threadId);
      if (state !== undefined) await openThread(threadId, state);
    },
    async park(threadId: string, about: string, questionId: string): Promise<void> {
      await sessions.get(threadId)?.release(5_000);
      sessions.delete(threadId);
      const state = engine.threads.get(threadId);
      if (state?.current == null) return;
      const parked: TurnOutcome = { type: 'parked', questions: [{ questionId, about }] };
      engine.threads.set(threadId, stageEnded(state, state.current.turnId, state.current.stage, parked).state);
    },
    async submit(threadId: string, text: string): Promise<void> {
      const op = { type: 'userInput', items: [{ type: 'text', text }] };
      const body = JSON.stringify({ submissionId: 's1', op, work: { type: 'empty' } });
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const response = await fetch(`${front.url}/thread/${threadId}/submit`, { method: 'POST', headers, body });
      if (!response.ok) throw new Error(await response.text());
    },
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await Promise.all([...sessions.values()].map((session) => session.close()));
      peers.close();
      peers.closeAllConnections();
      await engine[Symbol.asyncDispose]();
      rmSync(data, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function rolloutOf(home: string, threadId: string): string | null {
  try {
    return findRollout(home, { type: 'id', id: threadId });
  } catch {
    return null;
  }
}
