import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { LiveTurns } from '../src/worker/live-turns.ts';
import { peerHandler } from '../src/worker/peer-server.ts';

const secret = 'a secret of sixteen characters';

test.each([
  ['GET // HTTP/1.1', 400],
  ['GET /\\\\ HTTP/1.1', 400],
  ['GET /turns/a/b HTTP/1.1', 401],
  ['GET /health HTTP/1.1', 200],
])('%s from somebody without the secret is answered with %i, and ends nothing', async (line, status) => {
  const turns = new LiveTurns({ address: 'http://127.0.0.1:1', secret, parkAfterMs: 1, workers: [] });
  const server = createServer(peerHandler({ turns, secret, routes: [] })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const socket = connect(port, '127.0.0.1');
    socket.write(`${line}\r\nhost: worker\r\nconnection: close\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  } finally {
    server.close();
  }
});
