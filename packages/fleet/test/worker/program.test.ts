import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SettingError } from '../../src/settings.ts';
import { runWorker } from '../../src/worker/program.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const MINUTE_S = 60;

interface EngineKey {
  /** As the engine prints it, and a worker's settings have it. */
  readonly id: string;
  readonly secret: KeyObject;
}

function engineKey(): EngineKey {
  const { publicKey, privateKey: secret } = generateKeyPairSync('ed25519');
  const bytes = Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url');
  let text = '';
  for (let left = BigInt(`0x${bytes.toString('hex')}`); left > 0n; left /= 58n) {
    text = BASE58.charAt(Number(left % 58n)) + text;
  }
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return { id: `publickeyv1_${'1'.repeat(zeros)}${text}`, secret };
}

/** The headers by which an engine shows who it is, as its documentation says: a token for one path and a short time. */
function signature({ id, secret }: EngineKey, path: string, sinceS = 0): Record<string, string> {
  const now = Math.floor(Date.now() / 1_000) + sinceS;
  const claims = { aud: path, iat: now, nbf: now - MINUTE_S, exp: now + MINUTE_S };
  const parts = [{ typ: 'JWT', alg: 'EdDSA', kid: id }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signed = sign(null, Buffer.from(parts.join('.')), secret).toString('base64url');
  return { 'x-restate-signature-scheme': 'v1', 'x-restate-jwt-v1': [...parts, signed].join('.') };
}

describe('a worker that knows its engine', () => {
  const [own, other] = [engineKey(), engineKey()];
  let worker: Worker;
  let jobs = 0;

  beforeAll(async () => {
    worker = await startWorker({
      ...{ host: '127.0.0.1', enginePort: 0, peerPort: 0, advertised: null, secret: randomUUID() },
      ...{ identityKeys: [own.id], parkAfterMs: 60_000, log: () => undefined, routes: () => [] },
    });
  });
  afterAll(() => worker.drain(0));

  async function statusOf(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const session = connect(`http://127.0.0.1:${worker.enginePort}`);
    try {
      const isCall = path.startsWith('/invoke/');
      const type = isCall ? { 'content-type': 'application/vnd.restate.invocation.v5' } : {};
      const accept = isCall ? {} : { accept: 'application/vnd.restate.endpointmanifest.v4+json' };
      const request = session.request({
        ...{ ':method': isCall ? 'POST' : 'GET', ':path': path },
        ...{ ...type, ...accept, ...headers },
      });
      request.end();
      const [answer] = await once(request, 'response');
      request.resume();
      jobs = worker.turns.size;
      return Number(answer[':status']);
    } finally {
      session.destroy();
    }
  }

  const paths = [
    '/discover',
    '/invoke/thread/submit',
    '/invoke/turn/run',
    '/invoke/turn/input',
    '/invoke/limit/acquire',
  ];
  test.each(paths)('refuses whoever can’t show to be that engine: %s', async (path) => {
    expect(await statusOf(path)).toBe(401);
    expect(await statusOf(path, { authorization: 'Bearer x', 'x-restate-signature-scheme': 'unsigned' })).toBe(401);
    expect(await statusOf(path, signature(other, path))).toBe(401);
    expect(await statusOf(path, signature({ ...other, id: own.id }, path))).toBe(401);
    expect(await statusOf(path, signature(own, '/elsewhere'))).toBe(401);
    expect(await statusOf(path, signature(own, path, -10 * MINUTE_S))).toBe(401);
    expect(jobs).toBe(0);
  });

  test('answers that engine', async () => {
    expect(await statusOf('/discover', signature(own, '/discover'))).toBe(200);
  });
});

describe('a worker does not start', () => {
  const good = { KEEL_FLEET_SECRET: 'a secret of sixteen characters', KEEL_FLEET_IDENTITY_KEYS: engineKey().id };
  test.each<readonly [string, Readonly<Record<string, string | undefined>>, RegExp]>([
    ['where anybody may call it', { KEEL_FLEET_IDENTITY_KEYS: '' }, /KEEL_FLEET_IDENTITY_KEYS/],
    ['without a secret', { KEEL_FLEET_SECRET: undefined }, /KEEL_FLEET_SECRET/],
    ['with a secret that can be guessed', { KEEL_FLEET_SECRET: 'short' }, /16 or more characters/],
    [
      'for this machine alone where others reach it',
      { KEEL_FLEET_DEV: '1', KEEL_FLEET_HOST: '0.0.0.0' },
      /listens on 127\.0\.0\.1 only/,
    ],
  ])('%s', async (_, env, why) => {
    const refused = runWorker({ ...good, ...env }, () => undefined);
    await expect(refused).rejects.toThrow(SettingError);
    await expect(refused).rejects.toThrow(why);
  });
});
