import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from './child.ts';

export interface EngineOptions {
  readonly binary: string;
  /** Its data, which outlive it. */
  readonly dir: string;
  readonly ports: { readonly ingress: number; readonly admin: number; readonly node: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly name: string;
  /** More settings, by their variables. */
  readonly settings?: Readonly<Record<string, string>>;
}

const START_MS = 60_000;
const LOOK_MS = 100;

/** A server of the engine on loopback, as a child process. */
export class Engine {
  readonly ingressUrl: string;
  readonly adminUrl: string;
  readonly child: Child;

  private constructor(child: Child, { ports }: EngineOptions) {
    this.child = child;
    this.ingressUrl = `http://127.0.0.1:${ports.ingress}`;
    this.adminUrl = `http://127.0.0.1:${ports.admin}`;
  }

  /** Starts it and waits until it answers. @throws Error when it ends before, or does not come up */
  static async start(options: EngineOptions, signal: AbortSignal): Promise<Engine> {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const child = await Child.start({
      program: options.binary,
      args: ['--no-logo'],
      env: { ...options.env, ...settingsOf(options) },
      cwd: options.dir,
      logFile: join(options.dir, 'server.log'),
    });
    const engine = new Engine(child, options);
    try {
      await engine.ready(signal);
      return engine;
    } catch (error) {
      await child.stop(0);
      throw error;
    }
  }

  /** Resolves when both of its doors answer. */
  async ready(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (const url of [`${this.adminUrl}/health`, `${this.ingressUrl}/restate/health`]) {
      while (!(await answers(url))) {
        if (!this.child.isRunning) throw new Error(`the engine's server ended: ${await this.child.ended}`);
        if (performance.now() > deadline) throw new Error(`the engine's server does not answer at ${url}`);
        await delay(LOOK_MS, undefined, { signal });
      }
    }
    // Nobody waits for it any more, and so nobody would end it.
    signal.throwIfAborted();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

/** Loopback only, no reports to its makers, and a dead or frozen worker is noticed within a second. */
function settingsOf({ dir, ports, name, settings = {} }: EngineOptions): Record<string, string> {
  const { ingress, admin, node } = ports;
  return {
    RESTATE_BASE_DIR: dir,
    RESTATE_NODE_NAME: name,
    RESTATE_CLUSTER_NAME: 'keel-fleet',
    RESTATE_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: '1',
    RESTATE_LISTEN_MODE: 'tcp',
    RESTATE_BIND_IP: '127.0.0.1',
    RESTATE_BIND_PORT: `${node}`,
    RESTATE_ADVERTISED_HOST: '127.0.0.1',
    RESTATE_INGRESS__BIND_PORT: `${ingress}`,
    RESTATE_ADMIN__BIND_PORT: `${admin}`,
    RESTATE_ADMIN__DISABLE_WEB_UI: 'true',
    RESTATE_LOG_FILTER: 'warn',
    RESTATE_LOG_DISABLE_ANSI_CODES: 'true',
    // Each costs some CPU and memory; those of its makers' default are for many cores.
    RESTATE_DEFAULT_NUM_PARTITIONS: '4',
    // One connection carries few turns, so that a balancer of connections spreads them.
    RESTATE_WORKER__INVOKER__HTTP2_STREAMS_PER_CONNECTION_LIMIT: '1',
    RESTATE_WORKER__INVOKER__CONCURRENT_INVOCATIONS_LIMIT: '10000',
    ...settings,
  };
}
