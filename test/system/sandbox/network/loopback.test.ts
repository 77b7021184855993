import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanRequest } from '../../../../src/system/sandbox/index.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { Room, readOnly, workspaceWrite } from '../support.ts';
import { NetworkWorld } from './network-world.ts';

const isRoot = process.getuid?.() === 0;
const users = isRoot ? [{ name: 'root' }, { name: 'an ordinary user', uid: 65534 }] : [{ name: 'an ordinary user' }];
const py = (code: string) => `python3 - <<'EOF'\nimport os, socket\n${code}\nEOF`;

describe.each(users)('a loopback of its own, for $name', (user) => {
  let world: NetworkWorld;

  beforeAll(async () => {
    world = await NetworkWorld.start({ uid: 'uid' in user ? user.uid : undefined, allowed: null });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('a test suite starts servers and reaches them, by both kinds of addresses and by name', async () => {
    const suite = `
const { createServer, get } = require('node:http');
const serve = (host) => new Promise((resolve, reject) => {
  const server = createServer((_, reply) => reply.end('served')).on('error', reject);
  server.listen(0, host, () => get({ host, port: server.address().port }, (reply) => reply.on('data', (text) => {
    server.close();
    resolve(host + ' ' + text);
  })).on('error', reject));
});
(async () => { for (const host of ['127.0.0.1', '::1', 'localhost']) console.log(await serve(host)); })();`;
    const { output, exitCode, network } = await world.run(`node -e '${suite.replaceAll("'", '"')}'`);
    expect(output).toBe('127.0.0.1 served\n::1 served\nlocalhost served\n');
    expect({ exitCode, network }).toEqual({ exitCode: 0, network: 'loopback' });
  });

  test('servers learn the addresses of the network, which are those of the loopback alone', async () => {
    const { output } = await world.run(`node -p 'Object.keys(os.networkInterfaces()).join()'`);
    expect(output).toBe('lo\n');
  });

  test('a server that one command has started is reached from the next, and not from the machine', async () => {
    await world.keep('touch up; exec python3 -m http.server 8124 --bind 0.0.0.0');
    while (!existsSync(join(world.place.workspace, 'up'))) await delay(20);
    const ask =
      'for i in $(seq 200); do curl -s -m 1 -o /dev/null http://127.0.0.1:8124/ && exit; sleep 0.05; done; exit 1';
    expect(await world.run(ask, 60_000)).toMatchObject({ exitCode: 0 });
    await expect(fetch('http://127.0.0.1:8124/')).rejects.toThrow();
  });

  test.each([
    ["the machine's own server", 'curl -sS -m 5 http://127.0.0.1:$PORT/hello'],
    [
      'a datagram to a server of the machine',
      py(
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)\ns.connect(('127.0.0.1', int(os.environ['UDPPORT']))); s.send(b'x'); s.recv(1)",
      ),
    ],
    ['an address of the internet', py("socket.create_connection(('192.0.2.1', 80), 5)")],
    ['a look-up', 'getent hosts example.com'],
    ['an abstract socket of the machine', py("socket.socket(socket.AF_UNIX).connect('\\0' + os.environ['ABSTRACT'])")],
    ['a socket file of the machine', py("socket.socket(socket.AF_UNIX).connect(os.environ['OUT'] + '/socket')")],
    ['the namespace of keel', 'nsenter --net=/proc/$PID/ns/net true'],
  ])('T22: %s stays out of reach, and the attempt fails at once', async (_, script) => {
    const started = performance.now();
    const { exitCode, reached, output } = await world.run(script);
    expect({ exitCode, output }).not.toMatchObject({ exitCode: 0 });
    expect(reached).toBe(0);
    expect(performance.now() - started).toBeLessThan(12_000);
  });

  test('package managers are asked not to try again; what the user has set counts more', async () => {
    const { output } = await world.run('echo $npm_config_fetch_retries $PIP_RETRIES $CARGO_NET_RETRY $GOPROXY');
    expect(output).toBe('0 0 0 off\n');
  });
});

/** A command that runs until `stop` is called, which gives the network it is in. */
async function keptIn(room: Room): Promise<{ stop(): Promise<string> }> {
  const running = room.output('touch up; until test -e done; do sleep 0.02; done; readlink /proc/self/ns/net');
  while (!existsSync(join(room.workspace, 'up'))) await delay(20);
  return {
    stop() {
      writeFileSync(join(room.workspace, 'done'), '');
      return running;
    },
  };
}
const networkOf = (room: Room) => room.output('readlink /proc/self/ns/net');

test('only commands that run at the same time in one session share a network', async () => {
  await using room = new Room({ sharesNetwork: true });
  await using reading = new Room({ sharesNetwork: true, policy: readOnly });
  await using apart = new Room();
  const alone = await room.plan('true');
  expect(alone.spawn.argv).toContain('--unshare-net');
  const kept = await keptIn(room);
  const joined = await room.plan('true');
  expect(joined.spawn.argv[0]).toMatch(/nsenter$/);
  expect(joined.spawn.argv).not.toContain('--unshare-net');
  const network = await networkOf(room);
  expect(await networkOf(reading)).not.toBe(network);
  expect(await networkOf(apart)).not.toBe(network);
  expect(await kept.stop()).toBe(network);
  expect((await room.plan('true')).spawn.argv).toContain('--unshare-net');
});

test('a command that reaches the real network, or none, shares none', async () => {
  await using room = new Room({ sharesNetwork: true });
  const kept = await keptIn(room);
  const spec = { argv: ['true'], cwd: room.workspace, env: {} };
  await room.manager.ready(new AbortController().signal);
  const argvOf = (request: Pick<PlanRequest, 'policy' | 'network'>) => {
    const planned = room.manager.plan({ spec, cwd: room.workspace, sharesNetwork: true, ...request });
    return planned.type === 'ready' ? planned.plan.spawn.argv.join(' ') : planned.reason;
  };
  expect(argvOf({ policy: workspaceWrite })).toContain('nsenter');
  expect(argvOf({ policy: { ...workspaceWrite, network_access: true } })).not.toMatch(/nsenter|--unshare-net/);
  const none = argvOf({ policy: workspaceWrite, network: 'none' });
  expect(none).not.toContain('nsenter');
  expect(none).toContain('--unshare-net');
  await kept.stop();
});

test('a session that ends leaves no descriptor of its network', async () => {
  const open = () => readdirSync('/proc/self/fd').length;
  await new Room()[Symbol.asyncDispose]();
  const before = open();
  for (let round = 0; round < 2; round += 1) {
    await using room = new Room({ sharesNetwork: true });
    const kept = await keptIn(room);
    await networkOf(room);
    if (round === 0) await kept.stop();
  }
  for (let look = 0; look < 1_000 && open() > before; look += 1) await delay(20);
  expect(open()).toBeLessThanOrEqual(before);
});

test('where nothing can be started in the network of another command, each has its own', async () => {
  using dir = tempDir();
  // bubblewrap as a machine has it that does not let it run inside a user namespace.
  const bwrap = join(dir.path, 'bwrap');
  writeFileSync(
    bwrap,
    '#!/bin/sh\n[ "$(cat /proc/self/uid_map)" = "$(cat /proc/1/uid_map)" ] || exit 1\nexec /usr/bin/bwrap "$@"\n',
    { mode: 0o755 },
  );
  await using room = new Room({ sharesNetwork: true, setup: { bwrapPath: bwrap } });
  const kept = await keptIn(room);
  const plan = await room.plan('true');
  expect(plan).toMatchObject({ backend: 'bwrap', network: 'loopback' });
  expect(plan.spawn.argv).toContain('--unshare-net');
  expect(await networkOf(room)).not.toBe(await kept.stop());
});
