import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { addToken, startFront } from '../front/index.ts';
import { LocalFleet, type LocalWorker } from '../up/local-fleet.ts';
import { restateBinary } from '../up/restate-binary.ts';
import { CommandError, noteRunning } from './fleet-folder.ts';

export interface UpOptions {
  readonly dir: string;
  readonly workers: number;
  readonly port: number;
  readonly parkAfterMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
}

/** Who uses a fleet on one's own machine. */
export const LOCAL_USER = 'local';
export const NO_BINARY =
  'the engine’s server is not installed: `npm install @restatedev/restate-server@1.7.12` beside keel-fleet, or set KEEL_FLEET_RESTATE to the program';

/** Runs a fleet on this machine until the signal aborts. @throws CommandError, Error */
export async function up(options: UpOptions, signal: AbortSignal): Promise<void> {
  const { dir, env, log } = options;
  const binary = restateBinary(env);
  if (binary === null) throw new CommandError(NO_BINARY);
  let note: (workers: readonly LocalWorker[]) => void = () => undefined;
  const fleet = await LocalFleet.start({ ...options, binary, onWorkers: (workers) => note(workers) }, signal);
  try {
    const tokenFile = join(dir, 'tokens.json');
    rmSync(tokenFile, { force: true });
    const token = addToken(tokenFile, LOCAL_USER);
    await using front = await startFront({
      host: '127.0.0.1',
      port: 0,
      ingress: fleet.ingressUrl,
      data: dir,
      tokenFile,
      cloneFrom: [],
      secret: fleet.secret,
      workers: ['127.0.0.1'],
      log,
    });
    const { ingressUrl: ingress, adminUrl: admin } = fleet;
    note = (workers) => {
      const pids = Object.fromEntries(workers.map(({ name, child }) => [name, child.pid]));
      noteRunning(dir, { pid: process.pid, ingress, admin, front: front.url, token, workers: pids });
    };
    note(fleet.workers);
    log(
      `a fleet of ${fleet.workers.length} workers runs in ${dir}: ${front.url} for its users, ${ingress} for its engine`,
    );
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    log('stops: turns that run continue at the next start');
    await fleet.close();
  }
}
