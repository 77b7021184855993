import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FleetClient } from '../../src/client/index.ts';
import type { Place } from '../../src/protocol.ts';
import { LocalFleet, type LocalFleetOptions } from '../../src/up/local-fleet.ts';
import { restateBinary } from '../../src/up/restate-binary.ts';

/** Null where its makers have none for this platform: tests that need one are skipped there, and nowhere else. */
export const binary = restateBinary(process.env) ?? noBinary();
const workerProgram = process.env['KEEL_FLEET_PROGRAM'] ?? join(import.meta.dirname, '../../dist/worker-program.js');

/** @throws Error where there is one to install */
function noBinary(): null {
  const manifest = createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json');
  const platform = `${process.platform}-${process.arch}`;
  const name = `@restatedev/restate-server-${platform}`;
  if (name in JSON.parse(readFileSync(manifest, 'utf8')).optionalDependencies) {
    throw new Error(`${name}, the engine's server, is not installed: npm ci installs it`);
  }
  console.warn(`The fleet's tests with a server are skipped: there is none of the engine for ${platform}.`);
  return null;
}

/** A fleet in a directory of its own, whose model is at `modelUrl`. */
export class TestFleet implements AsyncDisposable {
  readonly fleet: LocalFleet;
  readonly client: FleetClient;
  readonly dir: string;
  readonly log: string[];

  private constructor(fleet: LocalFleet, dir: string, log: string[]) {
    this.fleet = fleet;
    this.dir = dir;
    this.log = log;
    this.client = new FleetClient({ url: fleet.ingressUrl });
  }

  static async start(modelUrl: string, options: Partial<LocalFleetOptions> = {}): Promise<TestFleet> {
    if (binary === null) throw new Error('there is no server of the engine for this platform');
    const dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
    const log: string[] = [];
    const env = {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      HOME: dir,
      TMPDIR: tmpdir(),
      OPENAI_BASE_URL: modelUrl,
      OPENAI_API_KEY: 'test-key',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    };
    const fleet = await LocalFleet.start(
      {
        dir,
        binary,
        workers: 2,
        env,
        parkAfterMs: 60_000,
        port: 0,
        workerProgram,
        log: (line) => log.push(line),
        ...options,
      },
      new AbortController().signal,
    );
    return new TestFleet(fleet, dir, log);
  }

  /** A thread with a home and an empty work tree of its own. */
  newThread(config = 'approval_policy = "never"\n'): { readonly threadId: string; readonly place: Place } {
    const threadId = randomUUID();
    const place = {
      home: join(this.dir, 'threads', threadId, 'home'),
      cwd: join(this.dir, 'threads', threadId, 'work'),
    };
    mkdirSync(place.home, { recursive: true });
    mkdirSync(place.cwd, { recursive: true });
    writeFileSync(join(place.home, 'config.toml'), `sandbox_mode = "danger-full-access"\n${config}`);
    return { threadId, place };
  }

  /** How many turns the workers have open. */
  async liveTurns(): Promise<number> {
    const counts = await Promise.all(this.fleet.workers.map(({ healthUrl }) => turnsAt(healthUrl)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  workerLogs(): string {
    return this.fleet.workers.map(({ name }) => readFileSync(join(this.dir, `${name}.log`), 'utf8')).join('\n');
  }

  /** Nothing of it is needed any more: no part is waited for to end in good order. */
  async [Symbol.asyncDispose](): Promise<void> {
    const parts = [...this.fleet.workers.map(({ child }) => child), this.fleet.engine?.child];
    const closed = this.fleet.close();
    for (const part of parts) part?.signal('SIGKILL');
    await closed;
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

export { promptOp as prompt } from '../../src/protocol.ts';

/** How many turns a worker has open. */
export async function turnsAt(healthUrl: string): Promise<number> {
  const health: unknown = await (await fetch(healthUrl)).json();
  return typeof health === 'object' && health !== null && 'turns' in health ? Number(health.turns) : Number.NaN;
}
