import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { type KeelOptions, type LiveKeel, startKeel, until } from '../keel.ts';
import { AppClient } from './client.ts';

/** `keel app-server` with one client on its standard input and output. */
export class StdioServer extends AppClient implements AsyncDisposable {
  readonly keel: LiveKeel;

  constructor(options: KeelOptions, args: readonly string[] = []) {
    const keel = startKeel(['app-server', ...args], options);
    super((text) => void keel.child.stdin.write(`${text}\n`));
    this.keel = keel;
    let rest = '';
    keel.child.stdout.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.receive(line);
    });
    void keel.ended.then(() => this.end());
  }

  /** Ends its input. @returns the exit code */
  async close(): Promise<number | null> {
    this.keel.child.stdin.end();
    return (await this.keel.ended).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** `keel app-server` on a socket. */
export class SocketServer implements AsyncDisposable {
  readonly keel: LiveKeel;
  readonly #home: string;

  constructor(options: KeelOptions, args: readonly string[] = ['--listen', 'ws://127.0.0.1:0']) {
    this.#home = options.home;
    this.keel = startKeel(['app-server', ...args], options);
  }

  /** Such as `ws://127.0.0.1:4500`; waits until it listens. */
  async url(): Promise<string> {
    await until(() => /listening on \S+\n/.test(this.keel.stderr()) || this.keel.child.exitCode !== null);
    const [, url] = /listening on (\S+)/.exec(this.keel.stderr()) ?? [];
    if (url === undefined) throw new Error(`the server does not listen: ${this.keel.stderr()}`);
    return url;
  }

  get token(): string {
    const path = join(this.#home, 'app-server-token');
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  }

  /** A client that was let in. */
  async connect(headers: Readonly<Record<string, string>> = {}): Promise<SocketClient> {
    const url = await this.url();
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${this.token}`, ...headers } });
    const client = new SocketClient(socket);
    await client.opened;
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.keel.child.kill('SIGTERM');
    await this.keel.ended;
  }
}

export class SocketClient extends AppClient implements Disposable {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  constructor(socket: WebSocket) {
    super((text) => socket.send(text));
    this.socket = socket;
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    socket.on('open', opened.resolve);
    socket.on('error', opened.reject);
    socket.on('message', (data) => this.receive(String(data)));
    socket.on('close', (code, reason) => {
      closed.resolve({ code, reason: String(reason) });
      this.end();
    });
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
