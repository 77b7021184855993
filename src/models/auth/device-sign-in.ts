import { setTimeout as sleep } from 'node:timers/promises';
import { KeelError } from '../../foundation/protocol/index.ts';
import { printable } from '../../foundation/util/index.ts';
import type { StoredTokens } from '../../storage/config/index.ts';
import { stringField } from '../json/index.ts';
import type { Issuer } from './issuer.ts';

const LIMIT_MS = 15 * 60_000;
const DEFAULT_INTERVAL_S = 5;
const MIN_INTERVAL_S = 0.01;
/** The user has not entered the code yet. */
const PENDING: readonly number[] = [403, 404];

export interface DeviceSignInOptions {
  readonly issuer: Issuer;
  readonly signal: AbortSignal;
  /** Called with the address that the user opens anywhere, and the code to enter there. */
  readonly onCode: (address: string, code: string) => void;
  readonly nowMs: () => number;
}

/**
 * Signs in by a browser on another machine: the user enters a code there.
 * @throws KeelError `unauthorized` if it is refused or takes longer than 15 minutes; the signal's reason
 */
export async function deviceSignIn({ issuer, signal, onCode, nowMs }: DeviceSignInOptions): Promise<StoredTokens> {
  const api = '/api/accounts/deviceauth';
  const started = await issuer.post(`${api}/usercode`, { client_id: issuer.clientId }, signal);
  const deviceId = stringField(started.body, 'device_auth_id');
  const userCode = stringField(started.body, 'user_code') ?? stringField(started.body, 'usercode');
  if (started.status !== 200 || deviceId === null || userCode === null) {
    throw new KeelError('unauthorized', `the issuer gives out no codes for devices (status ${started.status})`);
  }
  const interval = Number(started.body['interval'] ?? DEFAULT_INTERVAL_S);
  const waitMs = 1_000 * Math.max(MIN_INTERVAL_S, Number.isFinite(interval) ? interval : DEFAULT_INTERVAL_S);
  onCode(`${issuer.url}/codex/device`, printable(userCode));
  const endsAtMs = nowMs() + LIMIT_MS;
  while (nowMs() < endsAtMs) {
    const { status, body } = await issuer.post(
      `${api}/token`,
      { device_auth_id: deviceId, user_code: userCode },
      signal,
    );
    const code = stringField(body, 'authorization_code');
    const verifier = stringField(body, 'code_verifier');
    if (status === 200 && code !== null && verifier !== null) {
      return issuer.exchange({ code, verifier, redirectUri: `${issuer.url}/deviceauth/callback` }, signal);
    }
    if (!PENDING.includes(status)) throw new KeelError('unauthorized', `the sign-in was refused (status ${status})`);
    await sleep(Math.min(waitMs, Math.max(0, endsAtMs - nowMs())), undefined, { signal });
  }
  throw new KeelError('unauthorized', 'the code was not entered within 15 minutes');
}
