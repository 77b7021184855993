import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { McpConnections } from '../../../src/models/mcp/index.ts';
import type { ServerLauncher, ServerProcess } from '../../../src/models/mcp/launcher.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { serverNamed } from './support.ts';

const server = serverNamed('restless');

/** A server that says, each time it has listed its tools, that they have changed. */
class Restless {
  starts = 0;
  listings = 0;
  /** Ends when it is asked for its tools again. */
  quits = false;

  readonly launcher: ServerLauncher = {
    hasNetwork: () => true,
    launch: () => {
      this.starts += 1;
      let listed = 0;
      const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      // Later, as over a pipe: timers get their turn.
      const send = (message: object) =>
        setImmediate(() => output.destroyed || output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`));
      const end = () => {
        for (const stream of [input, output, errors]) stream.destroy();
        resolve('it ended');
      };
      input.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString('utf8').trim().split('\n')) {
          const { id, method, params } = JSON.parse(line);
          if (method === 'initialize') {
            const capabilities = { tools: { listChanged: true } };
            const serverInfo = { name: 'test', version: '1' };
            send({ id, result: { protocolVersion: params.protocolVersion, capabilities, serverInfo } });
          } else if (method === 'tools/list') {
            this.listings += 1;
            listed += 1;
            const isLast = this.quits && listed > 1;
            if (!isLast) send({ id, result: { tools: [{ name: `tool${this.listings}` }] } });
            send({ method: 'notifications/tools/list_changed' });
            if (isLast) setTimeout(end, 10);
          }
        }
      });
      const process: ServerProcess = { input, output, errors, ended, end: async () => end() };
      return Promise.resolve(process);
    },
  };

  open(home: string): McpConnections {
    const { launcher } = this;
    const told = {
      log: () => undefined,
      onFailure: () => undefined,
      ask: async () => ({ action: 'decline' }) as const,
    };
    return new McpConnections({
      servers: [server],
      env: {},
      home,
      launcher,
      version: '0',
      startupWaitMs: 5_000,
      ...told,
    });
  }
}

test('a server that says again and again that its tools have changed is not asked again and again', async () => {
  using home = tempDir();
  const restless = new Restless();
  const connections = restless.open(home.path);
  connections.start();
  await connections.settled(new AbortController().signal);
  await delay(500);
  expect(restless.listings).toBeLessThan(4);
  await connections.close();
});

test('one that ends when it is asked about a change is not started for that', async () => {
  using home = tempDir();
  const restless = new Restless();
  restless.quits = true;
  const connections = restless.open(home.path);
  connections.start();
  await connections.settled(new AbortController().signal);
  await delay(500);
  expect(restless.starts).toBe(1);
  await connections.close();
});
