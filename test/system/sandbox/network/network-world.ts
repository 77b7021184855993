import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tempDir } from '../../../support/temp-dir.ts';

export interface NetworkPlace {
  readonly workspace: string;
  readonly home: string;
  readonly outside: string;
  /** Files that the server hands out. */
  readonly served: string;
  /** Null: no hosts are listed. */
  readonly allowed: readonly string[] | null;
  readonly allowUnixSockets: boolean;
}

export interface NetworkOutcome {
  readonly output: string;
  readonly exitCode: number;
  readonly network: string;
  readonly refusedHosts: readonly string[];
  readonly denial: string | null;
  /** How often a server of the machine was reached meanwhile. */
  readonly reached: number;
}

export interface NetworkWorldOptions {
  readonly uid?: number | undefined;
  /** Absent: one. */
  readonly allowed?: null;
  readonly allowUnixSockets?: boolean;
}

/** A process of keel's with servers beside it, that runs scripts held to a proxy; as another user if need be. */
export class NetworkWorld implements AsyncDisposable {
  readonly place: NetworkPlace;
  readonly #dir: ReturnType<typeof tempDir>;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(dir: ReturnType<typeof tempDir>, place: NetworkPlace, uid: number | undefined) {
    this.#dir = dir;
    this.place = place;
    const user = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const script = join(import.meta.dirname, 'network-runner.ts');
    const [program = '', ...args] = [...user, process.execPath, '--no-warnings', script, JSON.stringify(place)];
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('its output is a pipe');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start({ uid, allowUnixSockets = false, ...options }: NetworkWorldOptions = {}): Promise<NetworkWorld> {
    const dir = tempDir();
    const [workspace = '', home = '', outside = '', served = ''] = ['work', 'home', 'outside', 'served'].map((name) =>
      join(dir.path, name),
    );
    for (const path of [workspace, home, outside, served]) mkdirSync(path);
    for (const path of [dir.path, workspace, home, outside, served]) {
      if (uid !== undefined) chownSync(path, uid, uid);
      chmodSync(path, 0o755);
    }
    const world = new NetworkWorld(
      dir,
      { workspace, home, outside, served, allowed: options.allowed === null ? null : ['a.test'], allowUnixSockets },
      uid,
    );
    await world.#next();
    return world;
  }

  /** Runs a script with `$PORT` of a web server, `$UDPPORT`, `$ABSTRACT`, `$OUT` and keel's `$PID`. */
  async run(script: string, timeoutMs = 15_000): Promise<NetworkOutcome> {
    return JSON.parse(await this.#send({ script, timeoutMs, isKept: false }));
  }

  /** Starts a script that runs until the world ends. */
  async keep(script: string): Promise<void> {
    await this.#send({ script, timeoutMs: 600_000, isKept: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    this.#dir[Symbol.dispose]();
  }

  #send(request: { script: string; timeoutMs: number; isKept: boolean }): Promise<string> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    return this.#next();
  }

  async #next(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done) throw new Error('the runner has ended');
    return line.value;
  }
}
