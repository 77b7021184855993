// A worker as a program of its own: `keel-fleet worker`, and what `keel-fleet up` starts.

import { type Env, numberIn, SettingError, wordsIn } from '../settings.ts';
import { liveRoute } from '../watch/index.ts';
import { startWorker, type Worker } from './worker.ts';

/**
 * Runs a worker until it is asked to stop (SIGTERM, SIGINT), which drains it.
 * @throws SettingError
 */
export async function runWorker(env: Env, log: (line: string) => void): Promise<void> {
  const isDev = env['KEEL_FLEET_DEV'] === '1';
  const identityKeys = wordsIn(env['KEEL_FLEET_IDENTITY_KEYS']);
  const host = env['KEEL_FLEET_HOST'] ?? '127.0.0.1';
  if (identityKeys.length === 0 && !isDev) {
    throw new SettingError(
      'whoever reaches a worker can run commands on it: set KEEL_FLEET_IDENTITY_KEYS to the public keys of your engine, or use --dev on a machine of your own',
    );
  }
  if (isDev && host !== '127.0.0.1') throw new SettingError('--dev listens on 127.0.0.1 only');
  const worker = await startWorker({
    host,
    enginePort: numberIn(env, 'KEEL_FLEET_PORT', 0),
    peerPort: numberIn(env, 'KEEL_FLEET_PEER_PORT', 0),
    advertised: env['KEEL_FLEET_ADDRESS'] ?? null,
    secret: secretOf(env),
    workers: wordsIn(env['KEEL_FLEET_WORKERS']),
    identityKeys,
    parkAfterMs: numberIn(env, 'KEEL_FLEET_PARK_AFTER_MS', 60_000),
    log,
    routes: (turns) => [liveRoute(turns)],
  });
  const { enginePort, peerPort } = worker;
  log(`listens on ${host}: ${enginePort} for the engine, ${peerPort} for other workers`);
  process.send?.({ enginePort, peerPort });
  await stopped(worker, numberIn(env, 'KEEL_FLEET_DRAIN_MS', 30_000), log);
}

async function stopped(worker: Worker, graceMs: number, log: (line: string) => void): Promise<void> {
  const asked = Promise.withResolvers<void>();
  const onSignal = () => asked.resolve();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A worker that was started by `up` does not outlive it.
  process.on('disconnect', onSignal);
  await asked.promise;
  log(`gives ${worker.turns.size} turns to other workers`);
  await worker.drain(graceMs);
}

function secretOf(env: Env): string {
  const secret = env['KEEL_FLEET_SECRET'] ?? '';
  // In the worker alone: neither commands nor tools that it starts have it.
  delete process.env['KEEL_FLEET_SECRET'];
  if (secret.length >= 16) return secret;
  throw new SettingError('set KEEL_FLEET_SECRET to the same 16 or more characters for all workers of the fleet');
}
