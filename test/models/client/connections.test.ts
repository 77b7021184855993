import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HttpTransport, type HttpTransportOptions } from '../../../src/models/client/http-transport.ts';
import { NEVER } from '../support.ts';

const certFile = join(import.meta.dirname, '../../support/tls/server-cert.pem');
const keyFile = join(import.meta.dirname, '../../support/tls/server-key.pem');
const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)];

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port; // it listens on TCP, so this is the form
}

interface TlsServer {
  readonly port: number;
  /** The common name of each client's certificate, or null; one entry a connection. */
  readonly clients: (string | null)[];
}

async function tlsServer(options: ServerOptions = {}): Promise<TlsServer> {
  const clients: (string | null)[] = [];
  const server = createServer({ cert, key, ...options }, (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-length': '0' }).end();
  });
  server.on('secureConnection', (socket) => {
    const subject = socket.getPeerCertificate().subject;
    clients.push(subject === undefined ? null : String(subject.CN));
  });
  return { port: await portOf(server), clients };
}

/** A client for one test. */
function transportOf(options: HttpTransportOptions): HttpTransport {
  const transport = new HttpTransport(options);
  onTestFinished(() => transport.close());
  return transport;
}

async function statusOf(transport: HttpTransport, url: string): Promise<number> {
  const body = [Buffer.from('{}')];
  const response = await transport.send({ method: 'POST', url, headers: {}, body }, NEVER);
  for await (const _ of response.text) {
    // read to its end, so that the connection serves again
  }
  return response.status;
}

describe('authorities', () => {
  test.each<[string, HttpTransportOptions]>([
    ['ca_file', { env: {}, caFile: certFile }],
    ['SSL_CERT_FILE', { env: { SSL_CERT_FILE: certFile } }],
    ['NODE_EXTRA_CA_CERTS', { env: { NODE_EXTRA_CA_CERTS: certFile } }],
  ])('those of %s are trusted', async (_, options) => {
    const { port } = await tlsServer();

    expect(await statusOf(transportOf(options), `https://localhost:${port}/`)).toBe(200);
  });

  test('nobody else is', async () => {
    const { port } = await tlsServer();

    await expect(statusOf(transportOf({ env: {} }), `https://localhost:${port}/`)).rejects.toThrow(/self-signed/);
  });

  test('a file of the settings that is missing is named; a variable that is left over does no harm', async () => {
    const { port } = await tlsServer();
    const url = `https://localhost:${port}/`;

    await expect(statusOf(transportOf({ env: {}, caFile: '/no/ca.pem' }), url)).rejects.toThrow(
      /ca_file \/no\/ca\.pem/,
    );
    await expect(statusOf(transportOf({ env: { SSL_CERT_FILE: '/no' } }), url)).rejects.toThrow(/self-signed/);
  });

  test("those of the system are trusted where Node's own are not enough, and the request arrives once", async () => {
    const { port, clients } = await tlsServer();
    const module = join(import.meta.dirname, '../../../src/models/client/http-transport.ts');
    const script = `
      const { HttpTransport } = await import(${JSON.stringify(module)});
      const transport = new HttpTransport({ env: {} });
      const request = { method: 'POST', url: 'https://localhost:${port}/', headers: {}, body: [Buffer.from('{}')] };
      for (const _ of [1, 2]) {
        const response = await transport.send(request, new AbortController().signal);
        for await (const _ of response.text);
        console.log(response.status);
      }
      transport.close();`;
    // OpenSSL, and Node with it, takes the system's authorities from the file that its own variable names.
    const env = { PATH: process.env['PATH'], SSL_CERT_FILE: certFile };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });

    expect(stdout).toBe('200\n200\n');
    expect(clients).toHaveLength(1);
  });
});

describe('client certificates', () => {
  const asking = { requestCert: true, rejectUnauthorized: true, ca: cert };

  test('a server that wants one gets it', async () => {
    const { port, clients } = await tlsServer(asking);
    const files = { caFile: certFile, clientCert: certFile, clientKey: keyFile };

    expect(await statusOf(transportOf({ env: {}, ...files }), `https://localhost:${port}/`)).toBe(200);
    expect(clients).toEqual(['model.test']);
  });

  test('without one it refuses, and that is an error of the connection', async () => {
    const { port } = await tlsServer(asking);

    await expect(statusOf(transportOf({ env: {}, caFile: certFile }), `https://localhost:${port}/`)).rejects.toThrow();
  });

  test('a key that does not belong to it is named before a connection is made', async () => {
    const { port, clients } = await tlsServer(asking);
    const transport = transportOf({ env: {}, caFile: certFile, clientCert: certFile });

    await expect(statusOf(transport, `https://localhost:${port}/`)).rejects.toThrow(/client_cert .* can't be used/);
    expect(clients).toEqual([]);
  });
});

describe('a tunnel through a proxy', () => {
  /** Connects every tunnel to one server, and notes what was asked for. */
  async function tunnelTo(port: number): Promise<{ readonly port: number; readonly asked: string[] }> {
    const asked: string[] = [];
    const proxy = createHttpServer().on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      const server = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        server.pipe(socket).pipe(server);
      });
      for (const end of [server, socket]) end.on('error', () => undefined);
    });
    return { port: await portOf(proxy), asked };
  }

  test('carries the requests of a session over one connection, checked against the name of the server', async () => {
    const server = await tlsServer();
    const proxy = await tunnelTo(server.port);
    const env = { HTTPS_PROXY: `http://user:word@127.0.0.1:${proxy.port}` };
    const transport = transportOf({ env, caFile: certFile });

    for (const _ of [1, 2, 3]) expect(await statusOf(transport, 'https://model.invalid/v1/responses')).toBe(200);
    expect(proxy.asked).toEqual([`model.invalid:443 Basic ${Buffer.from('user:word').toString('base64')}`]);
    expect(server.clients).toHaveLength(1);
  });

  test('does not make a server trusted that is not', async () => {
    const server = await tlsServer();
    const proxy = await tunnelTo(server.port);
    const transport = transportOf({ env: { HTTPS_PROXY: `127.0.0.1:${proxy.port}` } });

    await expect(statusOf(transport, 'https://model.invalid/')).rejects.toThrow(/through the proxy .*self-signed/);
  });

  test('is not used for a server that NO_PROXY lists', async () => {
    const server = await tlsServer();
    const proxy = await tunnelTo(server.port);
    const env = { HTTPS_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: '.invalid:8443' };
    const transport = transportOf({ env, caFile: certFile });

    expect(await statusOf(transport, 'https://model.invalid/')).toBe(200);
    await expect(statusOf(transport, 'https://model.invalid:8443/')).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
    expect(proxy.asked).toEqual(['model.invalid:443']);
  });

  test('a slow answer through it is not taken for a missing connection', async () => {
    const slow = createServer({ cert, key }, (_, response) => void setTimeout(() => response.end('late'), 2_000));
    const proxy = await tunnelTo(await portOf(slow));
    const env = { HTTPS_PROXY: `127.0.0.1:${proxy.port}` };
    const transport = transportOf({ env, caFile: certFile, connectTimeoutMs: 1_500 });

    expect(await statusOf(transport, 'https://model.invalid/')).toBe(200);
  });

  test('a proxy that never opens it, and a server that never shakes hands, end at the limit', async () => {
    const silent = await portOf(createTcpServer((socket) => socket.on('error', () => undefined).resume()));
    const connectTimeoutMs = 50;
    const direct = transportOf({ env: {}, connectTimeoutMs });
    const tunneled = transportOf({ env: { HTTPS_PROXY: `127.0.0.1:${silent}` }, connectTimeoutMs });

    await expect(statusOf(direct, `https://localhost:${silent}/`)).rejects.toThrow(/no connection within 0\.05 s/);
    await expect(statusOf(tunneled, 'https://model.invalid/')).rejects.toThrow(/no connection within 0\.05 s/);
  });

  test('an interrupt ends the wait for a proxy at once', async () => {
    const arrived = Promise.withResolvers<void>();
    const silent = await portOf(createTcpServer((socket) => socket.resume().once('data', () => arrived.resolve())));
    const transport = transportOf({ env: { HTTPS_PROXY: `127.0.0.1:${silent}` }, connectTimeoutMs: 2_000 });
    const interrupt = new AbortController();
    const request = { method: 'GET', url: 'https://model.invalid/', headers: {}, body: [] } as const;
    const asked = transport.send(request, interrupt.signal);
    await arrived.promise;
    interrupt.abort(new Error('interrupted'));

    await expect(asked).rejects.toThrow(/interrupted/);
  });
});

test('a server that is connected may take its time over the answer', async () => {
  const slow = createHttpServer((request, response) => {
    request.resume();
    setTimeout(() => response.end('late'), 2_000);
  });
  const transport = transportOf({ env: {}, connectTimeoutMs: 1_500 });

  expect(await statusOf(transport, `http://127.0.0.1:${await portOf(slow)}/`)).toBe(200);
});

test('a request that is aborted at any moment of its answer ends with that, and nothing else fails', async () => {
  const server = createHttpServer((request, response) => {
    request.resume().on('end', () => {
      response.write('data: 1\n\n');
      if (request.url === '/slow') setTimeout(() => response.end('data: 2\n\n'), 2);
      else response.end('data: 2\n\n');
    });
  });
  const port = await portOf(server);
  const transport = transportOf({ env: {} });
  const faults: unknown[] = [];
  const note = (error: unknown) => faults.push(error);
  process.on('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  for (const path of ['/', '/slow']) {
    for (const ticks of [0, 1, 2, 3, 5, 8]) {
      const stop = new AbortController();
      const url = `http://127.0.0.1:${port}${path}`;
      const request = { method: 'POST', url, headers: {}, body: [Buffer.from('{}')] } as const;
      const response = await transport.send(request, stop.signal);
      const read = (async () => {
        for await (const _ of response.text) {
          for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
          stop.abort();
        }
      })();
      await read.catch((error: unknown) => expect(error).toMatchObject({ message: expect.stringMatching(/abort/i) }));
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(faults).toEqual([]);
});
