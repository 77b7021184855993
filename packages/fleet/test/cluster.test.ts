import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { EngineAdmin } from '../src/client/admin.ts';
import { FleetClient } from '../src/client/index.ts';
import { Engine } from '../src/up/engine.ts';
import { freePort } from '../src/up/free-port.ts';
import { startWorker } from '../src/worker/worker.ts';
import { binary, prompt } from './support/fleet.ts';
import { StepsModel } from './support/steps-model.ts';
import { IS_LARGE, judgeTakeovers } from './support/takeovers.ts';

/** The suite for releases: KEEL_RUNS=200 KEEL_FLEET_STEPS=20. */
const TURNS = Number(process.env['KEEL_RUNS'] ?? 4);
const STEPS = Number(process.env['KEEL_FLEET_STEPS'] ?? 6);
const AT_ONCE = 8;
const LIMIT_MS = 120_000 + TURNS * STEPS * 200;

/** Three nodes of the engine, each write on two of them. */
async function startCluster(program: string, dir: string): Promise<readonly Engine[]> {
  const ports = await Promise.all(
    [1, 2, 3].map(async () => ({ ingress: await freePort(), admin: await freePort(), node: await freePort() })),
  );
  const addresses = JSON.stringify(ports.map(({ node }) => `http://127.0.0.1:${node}`));
  return Promise.all(
    ports.map((own, at) => {
      const settings = {
        RESTATE_METADATA_CLIENT__ADDRESSES: addresses,
        RESTATE_AUTO_PROVISION: `${at === 0}`,
        RESTATE_DEFAULT_REPLICATION: '2',
        RESTATE_DEFAULT_NUM_PARTITIONS: '2',
        RESTATE_FORCE_NODE_ID: `${at + 1}`,
      };
      const name = `node-${at + 1}`;
      const env = { PATH: process.env['PATH'] };
      return Engine.start(
        { binary: program, dir: join(dir, name), ports: own, env, name, settings },
        AbortSignal.timeout(60_000),
      );
    }),
  );
}

describe.skipIf(binary === null)('three nodes of the engine', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  test('turns run on, and new ones start, while one of them is dead', { timeout: LIMIT_MS }, async () => {
    if (binary === null) return;
    const dir = mkdtempSync(join(tmpdir(), 'keel-cluster-'));
    cleanups.push(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
    const model = await StepsModel.start(STEPS, () => 'sleep 0.1');
    cleanups.push(() => model[Symbol.asyncDispose]());
    const engines = await startCluster(binary, dir);
    cleanups.push(() => Promise.all(engines.map(({ child }) => child.stop(0))));
    const [first, , third] = engines;
    if (first === undefined || third === undefined) throw new Error('there are three');
    const worker = await startWorker({
      ...{ host: '127.0.0.1', enginePort: 0, peerPort: 0, advertised: null, secret: randomUUID(), identityKeys: [] },
      ...{ parkAfterMs: 60_000, log: () => undefined, routes: () => [] },
    });
    cleanups.push(() => worker.drain(0));
    await new EngineAdmin(first.adminUrl).register(`http://127.0.0.1:${worker.enginePort}`, { force: true });
    const client = new FleetClient({ url: first.ingressUrl });

    /** @returns how long it took until the model was asked, ms */
    const runTurn = async (text: string): Promise<number> => {
      const threadId = randomUUID();
      const place = { home: join(dir, threadId, 'home'), cwd: join(dir, threadId, 'work') };
      for (const path of [place.home, place.cwd]) mkdirSync(path, { recursive: true, mode: 0o700 });
      const provider = `base_url = ${JSON.stringify(model.server.url)}\nwire_api = "responses"\nname = "scripted"`;
      const settings = 'model_provider = "scripted"\nsandbox_mode = "danger-full-access"\napproval_policy = "never"';
      writeFileSync(join(place.home, 'config.toml'), `${settings}\n[model_providers.scripted]\n${provider}\n`);
      const since = performance.now();
      const submission = { submissionId: 'one', op: prompt(text), place } as const;
      const { turnId } = await client.submitted(threadId, submission, AbortSignal.timeout(60_000));
      const started = expect.poll(() => model.isAsked(text), { timeout: 60_000, interval: 10 }).toBe(true);
      const took = started.then(() => performance.now() - since);
      const end = await client.settled(threadId, turnId, AbortSignal.timeout(LIMIT_MS));
      expect(end).toMatchObject({ type: 'ended', turn: { status: 'completed' } });
      expect(model.counts(text, place, STEPS)).toEqual({ repeated: 0, lost: 0, unknown: 0, falseUnknown: 0 });
      return took;
    };

    let next = 0;
    const running = Array.from({ length: Math.min(AT_ONCE, TURNS) }, async () => {
      while (next < TURNS) await runTurn(`turn ${next++}`);
    });
    await model.server.request(IS_LARGE ? (TURNS * STEPS) / 4 : 6);
    third.child.signal('SIGKILL');
    judgeTakeovers('a turn with one of three nodes dead starts', [await runTurn('after the death')]);
    await Promise.all(running);
    if (IS_LARGE) console.log(`three nodes, one dead: ${TURNS + 1} turns x ${STEPS} steps, nothing lost or repeated`);
  });
});
