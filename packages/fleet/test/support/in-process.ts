import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Session, SessionEventOf } from 'keel/session';
import { type ModelServer, type Script, startModelServer } from 'keel/testing';
import type { Place, TurnJob } from '../../src/protocol.ts';
import { promptOp } from '../../src/protocol.ts';
import { LiveTurns } from '../../src/worker/live-turns.ts';
import { peerHandler } from '../../src/worker/peer-server.ts';
import { newWorkerAddress } from '../../src/worker/worker-life.ts';

const SECRET = 'the secret of the fleet';

/** Workers with real sessions and peer ports in this process, without an engine that calls them. */
export class InProcess implements AsyncDisposable {
  readonly model: ModelServer;
  readonly dir: string;
  readonly #stops: (() => Promise<unknown>)[] = [];

  private constructor(model: ModelServer) {
    this.model = model;
    this.dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  }

  static async start(script: Script): Promise<InProcess> {
    return new InProcess(await startModelServer(script));
  }

  /** @returns its turns, as the engine and other workers reach them */
  async worker({ secret = SECRET, parkAfterMs = 60_000 } = {}): Promise<LiveTurns> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const address = newWorkerAddress(`http://127.0.0.1:${port}`);
    const turns = new LiveTurns({ address, secret, parkAfterMs, workers: [] });
    server.on('request', peerHandler({ turns, secret, routes: [] }));
    this.#stops.push(async () => {
      await turns.drain(0);
      server.close();
      server.closeAllConnections();
    });
    return turns;
  }

  place(settings: string): Place {
    const id = randomUUID();
    const place = { home: join(this.dir, id, 'home'), cwd: join(this.dir, id, 'work') };
    for (const path of [place.home, place.cwd]) mkdirSync(path, { recursive: true, mode: 0o700 });
    const provider = `base_url = ${JSON.stringify(this.model.url)}\nwire_api = "responses"\nname = "scripted"`;
    const common = 'model_provider = "scripted"\nsandbox_mode = "danger-full-access"';
    writeFileSync(join(place.home, 'config.toml'), `${common}\n${settings}\n[model_providers.scripted]\n${provider}\n`);
    return place;
  }

  job(settings: string, more: Partial<TurnJob> = {}): TurnJob {
    const common = { threadId: randomUUID(), turnId: 'f1', stage: 0, op: promptOp('go'), inputs: [] };
    return { ...common, place: this.place(settings), settings: { overrides: [] }, ...more };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.model.close();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The session of a turn once it is open. */
export async function sessionOf(turns: LiveTurns, threadId: string): Promise<Session> {
  for (;;) {
    const session = turns.sessionOf(threadId);
    if (session !== null) return session;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The question with which a turn waits. */
export async function asked(turns: LiveTurns, threadId: string): Promise<SessionEventOf<'approval.requested'>> {
  const session = await sessionOf(turns, threadId);
  for await (const event of session.events({ openQuestions: true })) {
    if (event.type === 'approval.requested') return event;
  }
  throw new Error('the session ended without a question');
}
