import { join } from 'node:path';
import { expect } from 'vitest';
import { type Client, MethodError, type Methods } from '../../../../src/surfaces/app-server/methods/method.ts';
import type { ServerContext } from '../../../../src/surfaces/app-server/methods/server-settings.ts';
import { schemaFault } from '../../../support/app-server/schema.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

interface Notification {
  readonly method: string;
  readonly params: object;
}

/** A client that keeps what it is sent. */
export class FakeClient implements Client {
  readonly #connection = new AbortController();
  readonly sent: Notification[] = [];
  /** What of it does not fit the published schema. */
  readonly faults: string[] = [];
  readonly #waiting = new Set<() => void>();

  get closed(): AbortSignal {
    return this.#connection.signal;
  }

  notify(method: string, params: object): void {
    const fault = schemaFault('notifications', method, params);
    if (fault !== null) this.faults.push(fault);
    this.sent.push({ method, params });
    for (const look of this.#waiting) look();
  }

  request(method: string): number {
    throw new Error(`${method} is asked of a client that answers nothing`);
  }

  withdraw(): void {
    throw new Error('nothing was asked');
  }

  close(): void {
    this.#connection.abort();
  }

  /** Resolves with the first value that `find` sees in what was sent. */
  async until<T>(find: (sent: readonly Notification[]) => T | undefined): Promise<T> {
    return await new Promise((resolve) => {
      const look = () => {
        const found = find(this.sent);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export interface World extends Disposable {
  readonly context: ServerContext;
  readonly client: FakeClient;
  readonly dir: TempDir;
  /** The server's working directory, below `dir`. */
  readonly project: string;
  readonly home: string;
}

/** Everything that its client was sent has to fit the published schema, which its end looks at. A home, a project and what is outside both, in a directory that isn't writable as a place for temporary files. */
export function world(settings = '', files: Readonly<Record<string, string>> = {}): World {
  const dir = tempDir();
  dir.write({ 'project/readme.md': 'hello\n', 'outside/secret.txt': 'secret\n', ...files });
  dir.write({ 'home/config.toml': `sandbox_mode = "workspace-write"\n${settings}\n${NO_TEMPORARY}` });
  const [project, home] = [join(dir.path, 'project'), join(dir.path, 'home')];
  const env = { HOME: home, KEEL_HOME: home, PATH: process.env['PATH'] };
  const client = new FakeClient();
  return {
    context: { env, cwd: project, overrides: [], systemDir: join(dir.path, 'system') },
    client,
    dir,
    project,
    home,
    [Symbol.dispose]() {
      client.close();
      dir[Symbol.dispose]();
      expect(client.faults).toEqual([]);
    },
  };
}

const NO_TEMPORARY = '[sandbox_workspace_write]\nexclude_slash_tmp = true\nexclude_tmpdir_env_var = true\n';

export type Call = (name: string, params?: unknown) => Promise<object>;

/** Parameters and results have to fit the published schema. */
export function caller(methods: Methods, client: Client): Call {
  const call = uncheckedCaller(methods, client);
  return async (name, params) => {
    expect(schemaFault('requests', name, params ?? {})).toBeNull();
    const result = await call(name, params);
    expect(schemaFault('results', name, result)).toBeNull();
    return result;
  };
}

/** For parameters that don't fit. */
export function uncheckedCaller(methods: Methods, client: Client): Call {
  return async (name, params) => {
    const found = methods[name];
    if (found === undefined) throw new Error(`there is no method ${name}`);
    return await found.call(params, client);
  };
}

/** What a call was refused with. */
export async function refusal(call: Promise<object>): Promise<MethodError> {
  try {
    const result = await call;
    throw new Error(`not refused: ${JSON.stringify(result)}`);
  } catch (error) {
    if (error instanceof MethodError) return error;
    throw error;
  }
}
