import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { nextText, ProxyWorld, textOf } from './support.ts';

const CRLF = '\r\n\r\n';

describe('CONNECT', () => {
  test('carries bytes both ways, what came with the request too, and passes the end of one way on', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const port = await world.tcp((socket) => {
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk.toString();
      });
      socket.on('end', () => socket.end(`got ${got}`));
    });
    const socket = world.connect();
    socket.write(`CONNECT a.test:${port} HTTP/1.1\r\nHost: a.test:${port}${CRLF}early `);
    expect(await nextText(socket)).toBe(`HTTP/1.1 200 Connection established${CRLF}`);
    socket.end('late');
    expect(await textOf(socket)).toBe('got early late');
    expect(world.lookedUp).toEqual(['a.test']);
    expect(world.crashes).toEqual([]);
  });

  test.each([
    ['not on a list', 'b.test', 'notAllowed'],
    ['on the deny-list too', 'bad.a.test', 'denied'],
    ['a look-alike', 'xa.test', 'notAllowed'],
    ['with userinfo', 'a.test@b.test', null],
    ['an address of the metadata service', '169.254.169.254', 'notAllowedLocal'],
    ['this machine in another spelling', '0x7f.1', 'notAllowed'],
    ['the unspecified address', '0.0.0.0', 'notAllowedLocal'],
    ['an address mapped into IPv6', '[::ffff:169.254.169.254]', 'notAllowedLocal'],
  ])('%s is refused', async (_, host, reason) => {
    await using world = await ProxyWorld.open({ allowed: ['**.a.test'], denied: ['bad.a.test'] });
    const answer = await world.raw(`CONNECT ${host}:443 HTTP/1.1\r\nHost: x${CRLF}`);
    if (reason === null) expect(answer).toMatch(/^HTTP\/1.1 400 /);
    else {
      expect(answer).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
      expect(answer).toContain(`X-Keel-Refusal: ${reason}`);
      expect(answer).toMatch(/keel refused .*:443: .*\.\n$/);
    }
    expect(world.lookedUp).toEqual([]);
  });

  test('without a port, or with one too much, it is a bad request', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    for (const target of ['a.test', 'a.test:0', 'a.test:443:443', 'a.test:99999', ':443', 'http://a.test/']) {
      expect(await world.raw(`CONNECT ${target} HTTP/1.1\r\nHost: x${CRLF}`), target).toMatch(/^HTTP\/1.1 400 /);
    }
    expect(world.lookedUp).toEqual([]);
  });

  test('a server that does not answer is reported as unreachable', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const port = await world.tcp((socket) => socket.destroy());
    await using gone = await ProxyWorld.open();
    gone.proxy.close();
    expect(await world.raw(`CONNECT a.test:${gone.port} HTTP/1.1\r\nHost: x${CRLF}`)).toMatch(/^HTTP\/1.1 502 /);
    expect(await world.raw(`CONNECT a.test:${port} HTTP/1.1\r\nHost: x${CRLF}`)).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('T39: a name that leads inside', () => {
  test.each([
    ['127.0.0.1'],
    ['::1'],
    ['10.0.0.7'],
    ['::ffff:127.0.0.1'],
    ['169.254.169.254'],
    ['0.0.0.0'],
    ['224.0.0.1'],
    ['not an address'],
  ])('to %s is blocked though it is allowed', async (address) => {
    await using world = await ProxyWorld.open({
      allowed: ['**.a.test'],
      local: false,
      names: { 'x.a.test': [address] },
    });
    const answer = await world.raw(`CONNECT x.a.test:443 HTTP/1.1\r\nHost: x${CRLF}`);
    expect(answer).toContain('X-Keel-Refusal: notAllowedLocal');
  });

  test('one such address among public ones blocks it', async () => {
    const names = { 'a.test': ['1.1.1.1', '127.0.0.1'] };
    await using world = await ProxyWorld.open({ allowed: ['a.test'], local: false, names });
    expect(await world.raw(`CONNECT a.test:443 HTTP/1.1\r\nHost: x${CRLF}`)).toContain('notAllowedLocal');
  });

  test('what local binding opens is loopback and private, not the metadata service', async () => {
    const names = { 'a.test': ['169.254.169.254'] };
    await using world = await ProxyWorld.open({ allowed: ['a.test'], local: true, names });
    expect(await world.raw(`CONNECT a.test:80 HTTP/1.1\r\nHost: x${CRLF}`)).toContain('notAllowedLocal');
  });

  test('an address on the deny-list is denied behind a name as well', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'], denied: ['127.0.0.1'] });
    expect(await world.raw(`CONNECT a.test:443 HTTP/1.1\r\nHost: x${CRLF}`)).toContain('X-Keel-Refusal: denied');
  });

  test('a name is looked up once: a second answer changes nothing', async () => {
    let looks = 0;
    const names = {
      get 'a.test'() {
        looks += 1;
        return looks === 1 ? ['127.0.0.1'] : ['127.0.0.2'];
      },
    };
    await using world = await ProxyWorld.open({ allowed: ['a.test'], names });
    const port = await world.tcp((socket) => socket.end(`reached ${socket.localAddress}`));
    const socket = world.connect();
    socket.write(`CONNECT a.test:${port} HTTP/1.1\r\nHost: x${CRLF}`);
    expect(await textOf(socket)).toContain('reached 127.0.0.1');
    expect(looks).toBe(1);
  });

  test('an address named itself is open, and a name for this machine needs no look-up', async () => {
    await using world = await ProxyWorld.open({ allowed: ['127.0.0.1', 'localhost'], local: false });
    const port = await world.tcp((socket) => socket.end('here'));
    for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST.']) {
      expect(await world.raw(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: x${CRLF}`), host).toContain('here');
    }
    expect(world.lookedUp).toEqual([]);
  });
});

describe('plain HTTP', () => {
  test('a request is passed on without what is for one hop', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const port = await world.http((req, res) => {
      let body = '';
      req.on('data', (chunk) => {
        body += String(chunk);
      });
      req.on('end', () => {
        res.setHeader('Keep-Alive', 'timeout=5');
        res.setHeader('X-Answer', 'kept');
        res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }));
      });
    });
    const answer = await world.raw(
      [
        `POST http://A.test.:${port}/x?q=1 HTTP/1.1`,
        `Host: a.test:${port}`,
        'Connection: close, X-Hop',
        'X-Hop: 1',
        'X-Kept: 2',
        'Proxy-Authorization: Basic c2VjcmV0',
        'Proxy-Connection: keep-alive',
        'Upgrade: websocket',
        'Transfer-Encoding: chunked',
        '',
        '5\r\nhello\r\n0\r\n\r\n',
      ].join('\r\n'),
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toContain('X-Answer: kept');
    expect(answer).not.toContain('timeout=5');
    const seen = JSON.parse(/\{.*\}/s.exec(answer)?.[0] ?? '{}');
    expect(seen).toMatchObject({ method: 'POST', url: '/x?q=1', body: 'hello' });
    expect(seen.headers).toMatchObject({ host: `a.test:${port}`, 'x-kept': '2' });
    for (const name of ['x-hop', 'proxy-authorization', 'proxy-connection', 'upgrade']) {
      expect(seen.headers).not.toHaveProperty(name);
    }
  });

  test('two requests on one connection are judged each for itself', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const port = await world.http((_, res) => res.end('reached'));
    const one = (host: string, end: string) => `GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}${end}`;
    const answer = await world.raw(one('a.test', CRLF) + one('b.test', `\r\nConnection: close${CRLF}`));
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });

  test.each([
    ['a path alone', 'GET / HTTP/1.1', ['Host: a.test'], 400],
    ['another Host', 'GET http://a.test/ HTTP/1.1', ['Host: b.test'], 400],
    ['another port in Host', 'GET http://a.test/ HTTP/1.1', ['Host: a.test:81'], 400],
    ['two Hosts', 'GET http://a.test/ HTTP/1.1', ['Host: a.test', 'Host: a.test'], 400],
    ['userinfo', 'GET http://a.test@b.test/ HTTP/1.1', ['Host: b.test'], 400],
    ['https', 'GET https://a.test/ HTTP/1.1', ['Host: a.test'], 400],
    ['another scheme', 'GET ftp://a.test/ HTTP/1.1', ['Host: a.test'], 400],
    ['a back-slash', 'GET http://b.test\\@a.test/ HTTP/1.1', ['Host: a.test'], 400],
    ['no HTTP', 'hello', [], 400],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01', [], 400],
    ['two lengths', 'POST http://a.test/ HTTP/1.1', ['Host: a.test', 'Content-Length: 1', 'Content-Length: 2'], 400],
    [
      'a length and chunks',
      'POST http://a.test/ HTTP/1.1',
      ['Host: a.test', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
      400,
    ],
    ['headers without end', 'GET http://a.test/ HTTP/1.1', ['Host: a.test', `X: ${'x'.repeat(20_000)}`], 400],
    ['a host on no list', 'GET http://b.test/ HTTP/1.1', ['Host: b.test'], 403],
  ])('%s is refused', async (_, line, headers, status) => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const answer = await world.raw([line, ...headers, '', ''].join('\r\n'));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(world.lookedUp).toEqual([]);
    expect(world.crashes).toEqual([]);
  });

  test('a server that breaks off in mid-answer breaks the answer off', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const port = await world.tcp((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
        setTimeout(() => socket.resetAndDestroy(), 20);
      });
    });
    const answer = await world.raw(`GET http://a.test:${port}/ HTTP/1.1\r\nHost: a.test:${port}${CRLF}`);
    expect(answer).toMatch(/half$/);
    expect(world.crashes).toEqual([]);
  });

  test.each([
    ['a status that is none', 'HTTP/1.1 099 x\r\n\r\n'],
    ['a phrase that can’t be passed on', 'HTTP/1.1 200 \x01bad\r\nContent-Length: 2\r\n\r\nok'],
    ['a header that is none', 'HTTP/1.1 200 OK\r\nX\x00: 1\r\n\r\n'],
    ['a value that can’t be passed on', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 2\r\n\r\nok'],
    ['another protocol, unasked', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['more headers than fit', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['no HTTP', 'hello\r\n\r\n'],
    ['nothing', ''],
  ])('a server that answers %s does the proxy no harm', async (_, words) => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const port = await world.tcp((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.end(words, 'latin1'));
    });
    const answer = await world.raw(
      `GET http://a.test:${port}/ HTTP/1.1\r\nHost: a.test:${port}\r\nConnection: close\r\nExpect: 100-continue${CRLF}`,
    );
    expect(answer).toMatch(/HTTP\/1.1 502 |HTTP\/1.1 200 /);
    expect(world.crashes).toEqual([]);
    expect(await world.raw(`CONNECT b.test:1 HTTP/1.1\r\nHost: x${CRLF}`)).toMatch(/^HTTP\/1.1 403 /);
  });

  test('one connection does not open servers without end', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'], limits: { requestsAtOnce: 4 } });
    let reached = 0;
    const port = await world.http(() => {
      reached += 1;
    });
    const one = `GET http://a.test:${port}/ HTTP/1.1\r\nHost: a.test:${port}${CRLF}`;
    await world.raw(one.repeat(50));
    expect(reached).toBeLessThanOrEqual(4);
  });

  test('a client that leaves ends its request at the server', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const { promise: left, resolve } = Promise.withResolvers<void>();
    const { promise: came, resolve: arrived } = Promise.withResolvers<void>();
    const port = await world.http((req) => {
      arrived();
      req.socket.once('close', resolve);
    });
    const socket = world.connect();
    socket.write(`GET http://a.test:${port}/ HTTP/1.1\r\nHost: a.test:${port}${CRLF}`);
    await came;
    socket.destroy();
    await left;
  });

  test('the limited mode lets pass what reads', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'], mode: 'limited' });
    const port = await world.http((_, res) => res.end('reached'));
    const send = (method: string) =>
      world.raw(`${method} http://a.test:${port}/ HTTP/1.1\r\nHost: a.test:${port}\r\nConnection: close${CRLF}`);
    expect(await send('GET')).toContain('reached');
    expect(await send('HEAD')).toMatch(/^HTTP\/1.1 200 /);
    for (const method of ['POST', 'DELETE', 'PUT', 'PATCH']) {
      expect(await send(method)).toContain('X-Keel-Refusal: methodNotAllowed');
    }
    expect(await world.raw(`CONNECT a.test:${port} HTTP/1.1\r\nHost: x${CRLF}`)).toContain('methodNotAllowed');
    expect(await socks(world.connect(), nameRequest('a.test', port))).toMatchObject({ code: 2 });
  });
});

function nameRequest(name: string, port: number, command = 1): Uint8Array {
  return Buffer.concat([Buffer.from([5, command, 0, 3, name.length]), Buffer.from(name), portBytes(port)]);
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}

/** Greets, asks, and gives the code of the reply and what comes behind it. */
async function socks(
  socket: Socket,
  request: Uint8Array,
): Promise<{ readonly code: number | undefined; readonly rest: string }> {
  socket.write(Uint8Array.of(5, 1, 0));
  const [method] = await once(socket, 'data');
  expect([...Buffer.from(method)]).toEqual([5, 0]);
  socket.write(request);
  const text = await textOf(socket);
  return { code: Buffer.from(text, 'latin1')[1], rest: text.slice(10) };
}

describe('SOCKS 5', () => {
  test('reaches an allowed name, and an allowed address', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test', '127.0.0.1', '::1'] });
    const port = await world.tcp((socket) => socket.end('reached'));
    expect(await socks(world.connect(), nameRequest('a.test', port))).toEqual({ code: 0, rest: 'reached' });
    const v4 = Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, ...portBytes(port));
    expect(await socks(world.connect(), v4)).toEqual({ code: 0, rest: 'reached' });
    expect(world.lookedUp).toEqual(['a.test']);
  });

  test.each([
    ['a host on no list', nameRequest('b.test', 443), 2],
    ['an address', Uint8Array.of(5, 1, 0, 1, 169, 254, 169, 254, 0, 80), 2],
    ['an address of IPv6', Uint8Array.of(5, 1, 0, 4, ...new Array<number>(15).fill(0), 2, 0, 80), 2],
    ['BIND', nameRequest('a.test', 443, 2), 7],
    ['UDP ASSOCIATE', nameRequest('a.test', 443, 3), 7],
    ['an unknown kind of address', Uint8Array.of(5, 1, 0, 9, 1, 1), 8],
    ['port zero', nameRequest('a.test', 0), 1],
    ['a name that is none', nameRequest('a.test\0b.test', 443), 1],
    ['an empty name', nameRequest('', 443), 1],
  ])('%s is refused', async (_, request, code) => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    expect(await socks(world.connect(), request)).toMatchObject({ code });
    expect(world.lookedUp).toEqual([]);
  });

  test('a name without an address is reported as unreachable', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'], names: { 'a.test': [] } });
    expect(await socks(world.connect(), nameRequest('a.test', 443))).toMatchObject({ code: 4 });
  });

  test('a client that can only log in is answered that no method fits', async () => {
    await using world = await ProxyWorld.open();
    expect([...Buffer.from(await world.raw(Uint8Array.of(5, 1, 2)), 'latin1')]).toEqual([5, 0xff]);
  });

  test('a handshake that comes byte by byte is understood', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const port = await world.tcp((socket) => socket.end('reached'));
    const socket = world.connect();
    const text = textOf(socket);
    for (const byte of [5, 1, 0, ...nameRequest('a.test', port)]) {
      socket.write(Uint8Array.of(byte));
      await delay(1);
    }
    expect((await text).slice(2 + 10)).toBe('reached');
  });
});

describe('limits', () => {
  test('a connection that says nothing, or half of something, is closed', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'], limits: { headerMs: 100 } });
    const started = performance.now();
    for (const bytes of ['', 'GET http://a.te', Uint8Array.of(5), Uint8Array.of(5, 1, 0, 5, 1, 0, 3, 200)]) {
      await world.raw(bytes);
    }
    expect(performance.now() - started).toBeLessThan(9_000);
  });

  test('a tunnel in which nothing moves is closed', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'], limits: { idleMs: 100 } });
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const port = await world.tcp((socket) => socket.once('end', resolve).resume());
    const socket = world.connect();
    socket.write(`CONNECT a.test:${port} HTTP/1.1\r\nHost: x${CRLF}`);
    expect(await textOf(socket)).toContain('200');
    await closed;
  });

  test('connections beyond the limit are closed, and again taken when others have gone', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'], limits: { connections: 2 } });
    const port = await world.tcp((socket) => socket.end('reached'));
    const held = [world.connect(), world.connect()];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const request = `CONNECT a.test:${port} HTTP/1.1\r\nHost: x${CRLF}`;
    while ((await world.raw(request)) !== '') await delay(20);
    for (const socket of held) socket.destroy();
    while (!(await world.raw(request)).includes('reached')) await delay(20);
  });

  test('closing the proxy ends what runs through it', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const port = await world.tcp((socket) => socket.once('end', resolve).on('error', resolve).resume());
    const socket = world.connect();
    socket.write(`CONNECT a.test:${port} HTTP/1.1\r\nHost: x${CRLF}`);
    await nextText(socket);
    const end = textOf(socket);
    world.proxy.close();
    await Promise.all([end, closed]);
  });

  test('much is carried whole, both ways', async () => {
    await using world = await ProxyWorld.open({ allowed: ['a.test'] });
    const size = 8 * 1024 * 1024;
    const port = await world.tcp((socket) => socket.pipe(socket));
    const socket = world.connect();
    socket.write(`CONNECT a.test:${port} HTTP/1.1\r\nHost: x${CRLF}`);
    await nextText(socket);
    socket.end(Buffer.alloc(size, 'x'));
    let got = 0;
    for await (const chunk of socket) got += chunk.length;
    expect(got).toBe(size);
  });
});

describe('questions about hosts', () => {
  test('connections that wait for one host share a question; what is denied or local is not asked about', async () => {
    const asked: string[] = [];
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    await using world = await ProxyWorld.open({
      denied: ['bad.test'],
      local: true,
      ask: async ({ host, port, protocol }) => {
        asked.push(`${protocol} ${host}:${port}`);
        await answered;
        return { type: 'allowed' };
      },
    });
    const port = await world.tcp((socket) => socket.end('reached'));
    const request = (host: string) => `CONNECT ${host}:${port} HTTP/1.1\r\nHost: x${CRLF}`;
    const waiting = [world.raw(request('a.test')), world.raw(request('A.TEST'))];
    while (asked.length === 0) await delay(5);
    expect(await world.raw(request('bad.test'))).toContain('X-Keel-Refusal: denied');
    expect(await world.raw(request('169.254.169.254'))).toContain('notAllowedLocal');
    expect(world.lookedUp).toEqual([]);
    resolve();
    for (const text of await Promise.all(waiting)) expect(text).toContain('reached');
    expect(asked).toEqual([`https a.test:${port}`]);
  });

  test('a refusal is reported with its reason, and a failure opens nothing', async () => {
    await using world = await ProxyWorld.open({
      ask: ({ host }) =>
        host === 'a.test' ? Promise.resolve({ type: 'refused', message: 'not today' }) : Promise.reject(new Error('x')),
    });
    const answer = await world.raw(`CONNECT a.test:443 HTTP/1.1\r\nHost: x${CRLF}`);
    expect(answer).toContain('X-Keel-Refusal: refusedByUser');
    expect(answer).toContain('not today');
    expect(await world.raw(`CONNECT b.test:443 HTTP/1.1\r\nHost: x${CRLF}`)).toContain('refusedByUser');
    expect(world.gate.refusedSince(0)).toEqual(['a.test:443', 'b.test:443']);
  });

  test('a question is withdrawn when nobody waits for its answer any more', async () => {
    const { promise: withdrawn, resolve } = Promise.withResolvers<void>();
    const { promise: asked, resolve: began } = Promise.withResolvers<void>();
    await using world = await ProxyWorld.open({
      ask: (_, signal) => {
        began();
        signal.addEventListener('abort', () => resolve());
        return new Promise(() => undefined);
      },
    });
    const socket = world.connect();
    socket.write(`CONNECT a.test:443 HTTP/1.1\r\nHost: x${CRLF}`);
    await asked;
    socket.destroy();
    await withdrawn;
  });

  test('a program that names hosts without end does not fill the screen', async () => {
    let asked = 0;
    await using world = await ProxyWorld.open({
      ask: () => {
        asked += 1;
        return new Promise(() => undefined);
      },
    });
    const sockets = Array.from({ length: 20 }, (_, at) => {
      const socket = world.connect();
      socket.write(`CONNECT x${at}.test:443 HTTP/1.1\r\nHost: x${CRLF}`);
      return socket;
    });
    const refused = await Promise.race(sockets.map(nextText));
    expect(refused).toContain('too many other hosts');
    expect(asked).toBe(8);
    for (const socket of sockets) socket.destroy();
  });
});
