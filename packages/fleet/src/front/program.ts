// The front as a program of its own: `keel-fleet front`.
import { type Env, numberIn, SettingError, wordsIn } from '../settings.ts';
import { type RunningFront, startFront } from './start-front.ts';

/**
 * Runs the front until it is asked to stop (SIGTERM, SIGINT). TLS is the matter of what is before it.
 * @throws SettingError, TokenFileError
 */
export async function runFront(env: Env, log: (line: string) => void): Promise<void> {
  const secret = required(env, 'KEEL_FLEET_SECRET');
  // In the front alone: git, which it starts, does not have it.
  delete process.env['KEEL_FLEET_SECRET'];
  await using front: RunningFront = await startFront({
    host: env['KEEL_FLEET_HOST'] ?? '127.0.0.1',
    port: numberIn(env, 'KEEL_FLEET_FRONT_PORT', 8_700),
    ingress: required(env, 'KEEL_FLEET_INGRESS'),
    data: required(env, 'KEEL_FLEET_DATA'),
    tokenFile: required(env, 'KEEL_FLEET_TOKENS'),
    cloneFrom: wordsIn(env['KEEL_FLEET_CLONE_FROM']),
    workers: wordsIn(env['KEEL_FLEET_WORKERS']),
    turnsPerUser: numberIn(env, 'KEEL_FLEET_TURNS_PER_USER', 16),
    secret,
    log,
  });
  log(`listens on ${front.url}`);
  const asked = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.resolve());
  await asked.promise;
}

function required(env: Env, name: string): string {
  const value = env[name] ?? '';
  if (value === '') throw new SettingError(`set ${name}: docs/fleet.md says what it is`);
  return value;
}
