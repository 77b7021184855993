import { readFileSync } from 'node:fs';
import { FleetClient } from '../client/fleet-client.ts';
import type { Env } from '../settings.ts';
import { CommandError, fleetFolder, type Running, runningFleet } from './fleet-folder.ts';
import { LOCAL_USER } from './up.ts';

/** A fleet that commands speak to: one that `up` runs on this machine, or an installed one, behind its front. */
export type Target =
  | { readonly type: 'local'; readonly dir: string; readonly running: Running }
  | {
      readonly type: 'installed';
      /** The front's address. */
      readonly url: string;
      readonly token: string;
      /** The engine's admin port, which operators reach; null: the caller is a user. */
      readonly admin: string | null;
    };

/** What a command line says of the fleet. */
export interface TargetOptions {
  readonly dir?: string | undefined;
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly admin?: string | undefined;
}

/** A folder that is named means a fleet of this machine, whatever the environment says of another one. @throws CommandError */
export function targetOf({ dir, ...options }: TargetOptions, env: Env): Target {
  const url = options.url ?? (dir === undefined ? variable(env, 'KEEL_FLEET_URL') : undefined);
  if (url === undefined) {
    const folder = fleetFolder(dir, env);
    return { type: 'local', dir: folder, running: runningFleet(folder) };
  }
  if (dir !== undefined) throw new CommandError('--dir is for a fleet on this machine, --url for one elsewhere');
  const admin = options.admin ?? variable(env, 'KEEL_FLEET_ADMIN') ?? null;
  return {
    type: 'installed',
    url: addressOf('--url', url),
    token: tokenOf(options.tokenFile, env),
    admin: admin === null ? null : addressOf('--admin', admin),
  };
}

export function clientOf(target: Target): FleetClient {
  return target.type === 'local'
    ? new FleetClient({ url: target.running.ingress, user: LOCAL_USER })
    : new FleetClient({ url: target.url, token: target.token });
}

/** Where a thread is watched. */
export function frontOf(target: Target): { readonly url: string; readonly token: string } {
  if (target.type === 'installed') return { url: target.url, token: target.token };
  return { url: target.running.front, token: target.running.token };
}

/** The engine's admin port. @throws CommandError for a user of an installed fleet */
export function adminOf(target: Target): string {
  if (target.type === 'local') return target.running.admin;
  if (target.admin !== null) return target.admin;
  throw new CommandError(
    'this is for the fleet’s operator: name the engine’s admin port with --admin or KEEL_FLEET_ADMIN',
  );
}

/** A token on a command line could be read by every user of the machine. @throws CommandError */
function tokenOf(file: string | undefined, env: Env): string {
  const token = file === undefined ? variable(env, 'KEEL_FLEET_TOKEN') : readToken(file);
  if (token !== undefined && /^[\w-]{1,200}$/.test(token)) return token;
  if (token !== undefined) throw new CommandError('this is no token of a fleet: letters, digits, - and _');
  throw new CommandError('an installed fleet asks for a token: set KEEL_FLEET_TOKEN, or name a file with --token-file');
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new CommandError(`${file} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function addressOf(name: string, text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.origin;
  throw new CommandError(`${name}: an address is expected, as https://fleet.example.com, not "${text}"`);
}

function variable(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
