import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { EngineAdmin } from '../src/client/admin.ts';
import { FleetClient } from '../src/client/index.ts';
import type { Place } from '../src/protocol.ts';
import { Engine } from '../src/up/engine.ts';
import { freePort } from '../src/up/free-port.ts';
import { startWorker } from '../src/worker/worker.ts';
import { binary, prompt } from './support/fleet.ts';
import { StepsModel } from './support/steps-model.ts';

const signal = () => AbortSignal.timeout(60_000);

describe.skipIf(binary === null)('an upgrade of a fleet', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  test('ends turns on the version that they began on, and starts new ones on the next', {
    timeout: 120_000,
  }, async () => {
    if (binary === null) return;
    const dir = mkdtempSync(join(tmpdir(), 'keel-upgrade-'));
    cleanups.push(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
    const model = await StepsModel.start(1, () => 'until [ -e finish ]; do sleep 0.05; done');
    cleanups.push(() => model[Symbol.asyncDispose]());
    const ports = { ingress: await freePort(), admin: await freePort(), node: await freePort() };
    const env = { PATH: process.env['PATH'] };
    const engine = await Engine.start({ binary, dir: join(dir, 'engine'), ports, env, name: 'node-1' }, signal());
    cleanups.push(() => engine.child.stop(0));
    const secret = randomUUID();
    const version = async () => {
      const worker = await startWorker({
        ...{ host: '127.0.0.1', enginePort: 0, peerPort: 0, advertised: null, secret, identityKeys: [] },
        ...{ parkAfterMs: 60_000, log: () => undefined, routes: () => [] },
      });
      cleanups.push(() => worker.drain(0));
      // As register.yaml does.
      await new EngineAdmin(engine.adminUrl).register(`http://127.0.0.1:${worker.enginePort}`, { force: false });
      return worker;
    };
    const client = new FleetClient({ url: engine.ingressUrl });
    const start = async (threadId: string, text: string, place: Place) => {
      const { turnId } = await client.submitted(threadId, { submissionId: text, op: prompt(text), place }, signal());
      return client.settled(threadId, turnId, signal());
    };
    const begun = ({ cwd }: Place) =>
      expect.poll(() => existsSync(join(cwd, 'effects')), { timeout: 30_000 }).toBe(true);
    const finish = ({ cwd }: Place) => writeFileSync(join(cwd, 'finish'), '');
    const [one, other] = [newThread(dir, model.server.url), newThread(dir, model.server.url)];

    const old = await version();
    const onOld = start(one.threadId, 'before', one.place);
    await begun(one.place);
    const next = await version();
    const onNext = start(other.threadId, 'after', other.place);
    await begun(other.place);
    expect([old.turns.size, next.turns.size]).toEqual([1, 1]);
    expect(old.turns.sessionOf(one.threadId)).not.toBeNull();
    expect(next.turns.sessionOf(other.threadId)).not.toBeNull();

    for (const { place } of [one, other]) finish(place);
    for (const end of [await onOld, await onNext]) expect(end).toMatchObject({ turn: { status: 'completed' } });
    await expect.poll(() => old.turns.size).toBe(0);
    await old.drain(0);
    // A thread of the old version continues on the next one, whose workers are the only ones now.
    expect(await start(one.threadId, 'later', one.place)).toMatchObject({ turn: { status: 'completed' } });
    for (const { text, place } of [
      { text: 'before', place: one.place },
      { text: 'after', place: other.place },
    ]) {
      expect(model.counts(text, place, 1)).toMatchObject({ lost: 0, unknown: 0 });
    }
  });
});

function newThread(dir: string, modelUrl: string): { readonly threadId: string; readonly place: Place } {
  const threadId = randomUUID();
  const place = { home: join(dir, threadId, 'home'), cwd: join(dir, threadId, 'work') };
  for (const path of [place.home, place.cwd]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const provider = `base_url = ${JSON.stringify(modelUrl)}\nwire_api = "responses"\nname = "scripted"`;
  const settings = 'model_provider = "scripted"\nsandbox_mode = "danger-full-access"\napproval_policy = "never"';
  writeFileSync(join(place.home, 'config.toml'), `${settings}\n[model_providers.scripted]\n${provider}\n`);
  return { threadId, place };
}
