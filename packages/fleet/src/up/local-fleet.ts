import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { EngineAdmin } from '../client/admin.ts';
import { Balancer } from './balancer.ts';
import { Child } from './child.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { freePort } from './free-port.ts';

export interface LocalFleetOptions {
  readonly dir: string;
  readonly binary: string;
  readonly workers: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly parkAfterMs: number;
  /** The ingress's port; 0: a free one. */
  readonly port: number;
  /** The worker's program; by default the one beside this file, as it is built. */
  readonly workerProgram?: string;
  /** More settings of the engine's server, by their variables. */
  readonly engineSettings?: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  /** Called when a worker has come or gone. */
  readonly onWorkers?: (workers: readonly LocalWorker[]) => void;
}

export interface LocalWorker {
  readonly name: string;
  readonly child: Child;
  /** Answers with the number of turns that it has open. */
  readonly healthUrl: string;
}

const Ports = z.object({ ingress: z.number(), admin: z.number(), node: z.number(), workers: z.number() });
type Ports = z.infer<typeof Ports>;
const Started = z.object({ enginePort: z.number(), peerPort: z.number() });
type Started = z.infer<typeof Started>;
/** How long what is under way in a turn has when a worker is drained, ms. */
export const DRAIN_MS = 30_000;
const RESTART_MS = 500;

/** A fleet on loopback: the engine's server, a balancer, and workers. Whatever dies is started again. */
export class LocalFleet {
  readonly #options: LocalFleetOptions;
  readonly #engineOptions: EngineOptions;
  readonly #secret: string;
  readonly #balancer = new Balancer();
  readonly #workers = new Map<string, LocalWorker>();
  readonly #restarts = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #engine: Engine | null = null;
  #started = 0;

  private constructor(options: LocalFleetOptions, ports: Ports) {
    const { binary, dir, env, engineSettings: settings = {} } = options;
    this.#options = options;
    this.#engineOptions = { binary, dir: join(dir, 'engine'), ports, env, name: 'node-1', settings };
    this.#secret = secretIn(dir);
  }

  /** @throws Error when a part of it does not come up; nothing is left running */
  static async start(options: LocalFleetOptions, signal: AbortSignal): Promise<LocalFleet> {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const ports = await portsIn(options.dir, options.port);
    const fleet = new LocalFleet(options, ports);
    const parts: Promise<unknown>[] = [];
    try {
      await fleet.#balancer.listen('127.0.0.1', ports.workers);
      parts.push(fleet.#startEngine(signal), ...Array.from({ length: options.workers }, () => fleet.addWorker()));
      await Promise.all(parts);
      await fleet.admin.register(`http://127.0.0.1:${ports.workers}`, { force: true });
      return fleet;
    } catch (error) {
      await fleet.close();
      // One part has failed; the others may be in the middle of their start, which the close ends.
      await Promise.allSettled(parts);
      throw error;
    }
  }

  get ingressUrl(): string {
    return `http://127.0.0.1:${this.#engineOptions.ports.ingress}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.#engineOptions.ports.admin}`;
  }

  get admin(): EngineAdmin {
    return new EngineAdmin(this.adminUrl);
  }

  /** What workers know each other by. */
  get secret(): string {
    return this.#secret;
  }

  get engine(): Engine | null {
    return this.#engine;
  }

  get workers(): readonly LocalWorker[] {
    return [...this.#workers.values()];
  }

  async addWorker(): Promise<LocalWorker> {
    const { dir, env, parkAfterMs, workerProgram } = this.#options;
    this.#started += 1;
    const name = `worker-${this.#started}`;
    const child = await Child.start({
      program: process.execPath,
      args: [workerProgram ?? join(import.meta.dirname, 'worker-program.js')],
      env: {
        ...env,
        KEEL_FLEET_SECRET: this.#secret,
        KEEL_FLEET_DEV: '1',
        KEEL_FLEET_PARK_AFTER_MS: `${parkAfterMs}`,
        KEEL_FLEET_DRAIN_MS: `${DRAIN_MS}`,
      },
      cwd: dir,
      logFile: join(dir, `${name}.log`),
    });
    const { enginePort, peerPort } = await this.#report(child);
    const host = '127.0.0.1';
    const worker = { name, child, healthUrl: `http://${host}:${peerPort}/health` };
    this.#workers.set(name, worker);
    this.#options.onWorkers?.(this.workers);
    this.#balancer.add({ name, host, port: enginePort, healthUrl: worker.healthUrl });
    void child.ended.then((how) => {
      this.#balancer.retire(name);
      this.#workers.delete(name);
      this.#options.onWorkers?.(this.workers);
      this.#again(`${name} (pid ${child.pid}) ended: ${how}`, () => this.addWorker());
    });
    return worker;
  }

  /** What a worker says when it has started. @throws Error if it ends before, as it does when the fleet is closed meanwhile */
  async #report(child: Child): Promise<Started> {
    const { signal } = this.#stop;
    const kill = () => child.signal('SIGKILL');
    signal.addEventListener('abort', kill);
    try {
      if (signal.aborted) kill();
      const started = Started.parse(await child.message());
      if (signal.aborted) throw new Error('the fleet was closed while a worker started');
      return started;
    } catch (error) {
      kill();
      throw error;
    } finally {
      signal.removeEventListener('abort', kill);
    }
  }

  /** Gives a worker's turns to the others and ends it. */
  async drainWorker(name: string): Promise<void> {
    const worker = this.#workers.get(name);
    this.#balancer.retire(name);
    await worker?.child.stop(DRAIN_MS + RESTART_MS);
  }

  /** Breaks every connection between the engine and the workers, as a network may. */
  cutConnections(): void {
    this.#balancer.cutAll();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.workers.map(({ child }) => child.stop(DRAIN_MS + RESTART_MS)));
    // What was just being started again is not left behind.
    await Promise.all(this.#restarts);
    this.#balancer.close();
    await this.#engine?.child.stop(DRAIN_MS);
  }

  async #startEngine(signal: AbortSignal): Promise<void> {
    const engine = await Engine.start(this.#engineOptions, AbortSignal.any([signal, this.#stop.signal]));
    this.#engine = engine;
    void engine.child.ended.then((how) => {
      const { pid } = engine.child;
      this.#again(`the engine's server (pid ${pid}) ended: ${how}`, () => this.#startEngine(this.#stop.signal));
    });
  }

  /** Starts what has died, until that succeeds or the fleet is closed. */
  #again(what: string, start: () => Promise<unknown>): void {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    this.#options.log(`${what}; it is started again`);
    const retry = async () => {
      await delay(RESTART_MS, undefined, { signal });
      await start();
    };
    const restart = retry()
      .catch((error: unknown) => this.#again(error instanceof Error ? error.message : String(error), start))
      .finally(() => this.#restarts.delete(restart));
    this.#restarts.add(restart);
  }
}

/** What workers know each other by; it outlives the fleet, as turns do. */
function secretIn(dir: string): string {
  const path = join(dir, 'secret');
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const secret = randomBytes(32).toString('hex');
  writeFileSync(path, secret, { mode: 0o600, flag: 'wx' });
  return secret;
}

/** Ports are kept: the engine remembers where its workers are, and turns that run stay there. */
async function portsIn(dir: string, ingress: number): Promise<Ports> {
  const path = join(dir, 'ports.json');
  const kept = existsSync(path) ? Ports.parse(JSON.parse(readFileSync(path, 'utf8'))) : null;
  const ports = kept ?? {
    ingress: await freePort(),
    admin: await freePort(),
    node: await freePort(),
    workers: await freePort(),
  };
  const chosen = ingress === 0 ? ports : { ...ports, ingress };
  writeFileSync(path, JSON.stringify(chosen));
  return chosen;
}
