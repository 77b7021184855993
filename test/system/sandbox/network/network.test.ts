import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bwrapCommand } from '../../../../src/system/sandbox/backends/bubblewrap.ts';
import { describePlan } from '../../../../src/system/sandbox/index.ts';
import { batchOf, outcomesOf, type Tried } from '../batch.ts';
import { Room, readOnly, workspaceWrite } from '../support.ts';
import { NetworkWorld } from './network-world.ts';

const isRoot = process.getuid?.() === 0;
const users = isRoot ? [{ name: 'root' }, { name: 'an ordinary user', uid: 65534 }] : [{ name: 'an ordinary user' }];
const listed = {
  network: {
    allowed: [{ type: 'exact', host: 'a.test', port: null }],
    denied: [],
    mode: 'full',
    allowLocalBinding: false,
  },
} as const;

/** Python that ends with code 0 only if it got out. */
const py = (code: string) => `python3 - <<'EOF'\nimport os, socket, struct\n${code}\nEOF`;
const env = (name: string) => `os.environ['${name}']`;

const waysAround: readonly (readonly [name: string, script: string])[] = [
  ['curl without the proxy', "curl -sS -m 5 --noproxy '*' http://127.0.0.1:$PORT/hello"],
  ['bash', 'exec 3<>/dev/tcp/127.0.0.1/$PORT'],
  [
    'a datagram',
    `${py(`s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(0.2)\ns.sendto(b'x', ('127.0.0.1', int(${env('UDPPORT')})))\ns.recv(1)`)}`,
  ],
  ['an address of the internet', py("socket.create_connection(('1.1.1.1', 80), 3)")],
  ['an address of the internet by IPv6', py("socket.create_connection(('2606:4700:4700::1111', 80), 3)")],
  [
    'a question to a name server',
    py(
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect(('1.1.1.1', 53)); s.send(b'x')",
    ),
  ],
  ['a look-up', 'getent hosts example.com'],
  ['the metadata service', 'curl -sS -m 5 --fail http://169.254.169.254/'],
  ["the machine's own address by SOCKS", 'curl -sS -m 5 -x socks5://127.0.0.1:3128 http://127.0.0.1:$PORT/hello'],
  ['an abstract socket', py(`socket.socket(socket.AF_UNIX).connect('\\0' + ${env('ABSTRACT')})`)],
  ['a socket file', py(`socket.socket(socket.AF_UNIX).connect(${env('OUT')} + '/socket')`)],
  [
    'one end of a datagram pair',
    py(`a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\na.sendto(b'x', ${env('OUT')} + '/socket')`),
  ],
  ['netlink beyond lists of interfaces', py('socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)')],
  ['vsock', py('socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)')],
  ['a raw socket', py('socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)')],
  ['a packet socket', py('socket.socket(socket.AF_PACKET, socket.SOCK_RAW)')],
  ['the namespace of another process', 'nsenter --net=/proc/1/ns/net true'],
  ["keel's namespaces", 'nsenter --net=/proc/$PID/ns/net true || ls /proc/$PID/fd'],
  [
    'a change of an interface',
    py(
      "import fcntl\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 0))",
    ),
  ],
  ['a new network', 'unshare -Urn true'],
  [
    "the proxy's place",
    py(
      "s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\ns.bind(('127.0.0.1', 3128)); s.listen()",
    ),
  ],
  [
    "the proxy's place at every address",
    py(
      "s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(('0.0.0.0', 3128)); s.listen()",
    ),
  ],
];

describe.each(users)('a command that reaches only the proxy, for $name', (user) => {
  let world: NetworkWorld;

  beforeAll(async () => {
    world = await NetworkWorld.start({ uid: 'uid' in user ? user.uid : undefined });
    const { served } = world.place;
    writeFileSync(join(served, 'hello'), 'hello from there');
    const work = join(served, 'work');
    const git = (cwd: string, ...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@a.test', ...args], { cwd, stdio: 'pipe' });
    git(served, 'init', '-q', work);
    writeFileSync(join(work, 'file'), 'from git');
    git(work, 'add', '.');
    git(work, 'commit', '-qm', 'x');
    git(served, 'clone', '-q', '--bare', work, 'bare.git');
    git(join(served, 'bare.git'), 'update-server-info');
    execFileSync('chmod', ['-R', 'a+rX', served]);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test.each([
    ['curl', 'curl -sS http://a.test:$PORT/hello'],
    ['curl through a tunnel', 'curl -sS --proxytunnel http://a.test:$PORT/hello'],
    ['curl by SOCKS', 'curl -sS -x socks5h://127.0.0.1:3128 http://a.test:$PORT/hello'],
    [
      'python',
      `python3 -c "import os, urllib.request as u; print(u.urlopen('http://a.test:'+${env('PORT')}+'/hello').read().decode())"`,
    ],
    ['node', `node -e "fetch('http://a.test:'+process.env.PORT+'/hello').then((r) => r.text()).then(console.log)"`],
    ['git', 'rm -rf c; git clone -q http://a.test:$PORT/bare.git c && cat c/file && echo hello from there'],
    [
      'bash alone',
      String.raw`exec 3<>/dev/tcp/127.0.0.1/3128; printf "GET http://a.test:$PORT/hello HTTP/1.0\r\n\r\n" >&3; cat <&3`,
    ],
    ['a name in another spelling', 'curl -sS http://A.Test.:$PORT/hello'],
  ])('T22: %s reaches an allowed host', async (_, script) => {
    const { output, exitCode, network, reached } = await world.run(script);
    expect(output).toContain('hello from there');
    expect({ exitCode, network }).toEqual({ exitCode: 0, network: 'proxy' });
    expect(reached).toBeGreaterThan(0);
  });

  test('a host on no list is refused in words; what was refused is reported, and is no reason to leave the sandbox', async () => {
    const plain = await world.run('curl -sS --fail-with-body http://b.test:$PORT/hello');
    expect(plain.output).toMatch(/keel refused b\.test:\d+: it is not among sandbox\.network\.allowed_domains/);
    expect(plain).toMatchObject({ reached: 0, denial: null, exitCode: 22 });
    expect(plain.refusedHosts).toEqual([expect.stringMatching(/^b\.test:\d+$/)]);
    const tunnel = await world.run('curl -sS https://b.test/hello');
    expect(tunnel.output).toContain('403');
    expect(tunnel).toMatchObject({ reached: 0, denial: null, refusedHosts: ['b.test:443'] });
    expect(await world.run('exit 1')).toMatchObject({ denial: null, refusedHosts: [] });
    const both = await world.run('curl -sS --fail-with-body http://b.test:$PORT/hello || touch /etc/made');
    expect(both).toMatchObject({ denial: { what: expect.stringMatching(/etc.made|read-only|permission/) } });
    const unaware = await world.run("curl -sS --noproxy '*' http://a.test/");
    expect(unaware.denial).toEqual({ what: 'the network', isCertain: true });
  });

  describe('a way around the proxy', () => {
    let tried: ReadonlyMap<string, Tried>;
    let reached: number;
    beforeAll(async () => {
      const scripts = waysAround.map(([, script]) => script);
      const outcome = await world.run(batchOf(scripts), 60_000);
      tried = outcomesOf(scripts, outcome.output);
      reached = outcome.reached;
    });

    test.each(waysAround)('T22: %s does not get out', (_, script) => {
      expect(tried.get(script)?.exitCode, tried.get(script)?.output).toBeGreaterThan(0);
    });

    test('T22: none reaches a server', () => expect(reached).toBe(0));
  });

  test('raw bytes to the proxy reach nobody, and it continues', async () => {
    const noise = py(`
import random
random.seed(7)
starts = [b'', b'\\x05', b'\\x05\\x01\\x00\\x05\\x01\\x00', b'\\x04\\x01', b'CONNECT ', b'GET http://', b'\\x16\\x03\\x01', b'PRI * HTTP/2.0\\r\\n\\r\\n']
for turn in range(200):
    s = socket.create_connection(('127.0.0.1', 3128), 5)
    s.sendall(random.choice(starts) + os.urandom(random.randrange(1, 400)))
    s.close()
`);
    expect(await world.run(noise)).toMatchObject({ exitCode: 0, reached: 0 });
    expect((await world.run('curl -sS http://a.test:$PORT/hello')).output).toContain('hello from there');
  });

  test('its own servers are its own: other commands of the session reach them, the machine does not', async () => {
    const serve = '(python3 -m http.server 8123 --bind 0.0.0.0 > /dev/null 2>&1 & echo $! > pid); ';
    const wait = 'for i in $(seq 100); do curl -s -m 1 http://localhost:8123/ > /dev/null && break; sleep 0.05; done; ';
    const server = world.run(`${serve}${wait} echo up > up; while [ ! -e done ]; do sleep 0.05; done`);
    while (!readdirSync(world.place.workspace).includes('up')) await delay(20);
    await expect(fetch('http://127.0.0.1:8123/')).rejects.toThrow();
    writeFileSync(join(world.place.workspace, 'done'), '');
    expect(await server).toMatchObject({ exitCode: 0 });
  });

  test('what has to work does', async () => {
    const works = [
      'test "$HTTP_PROXY$https_proxy" = http://127.0.0.1:3128http://127.0.0.1:3128 && test -n "$no_proxy"',
      'test "$KEEL_SANDBOX_NETWORK_DISABLED" = 1 && test "$KEEL_SANDBOX" = bwrap',
      'npm --version && git --version',
      `node -e "require('net').createServer().listen(0, '127.0.0.1', () => process.exit(0))"`,
      'python3 -c "import multiprocessing as m; m.Pool(2).map(abs, [1])"',
      'echo x > made && test ! -w /etc/passwd -o "$(id -u)" = 0 && ! touch /etc/made',
      'test "$(ls /proc/self/fd | wc -l)" -le 5',
    ];
    for (const work of works) {
      const { exitCode, output } = await world.run(work);
      expect({ exitCode, output }, work).toMatchObject({ exitCode: 0 });
    }
  });
});

test('opened Unix sockets reach socket files, not the abstract ones of the machine', async () => {
  await using world = await NetworkWorld.start({ allowUnixSockets: true });
  expect(await world.run(py(`socket.socket(socket.AF_UNIX).connect(${env('OUT')} + '/socket')`))).toMatchObject({
    exitCode: 0,
  });
  const abstract = await world.run(py(`socket.socket(socket.AF_UNIX).connect('\\0' + ${env('ABSTRACT')})`));
  expect(abstract).toMatchObject({ exitCode: 1, reached: 0 });
});

describe('the way to the proxy', () => {
  test('holds also where the policy opens the network; a mode that only reads has none', async () => {
    const policy = { ...workspaceWrite, network_access: true };
    await using open = new Room({ policy, setup: listed });
    const proxied = await open.plan('true');
    expect(proxied.network).toBe('proxy');
    expect(describePlan(proxied)).toMatch(/Network: only keel's proxy.*of the network a\.test can be reached unasked/s);
    await using reading = new Room({ policy: readOnly, setup: listed });
    const plan = await reading.plan('true');
    expect(plan.network).toBe('loopback');
    expect(plan.spawn.argv).toContain('--unshare-net');
  });

  test('T23: Landlock alone offers no network, and says why', async () => {
    await using room = new Room({ setup: { ...listed, backends: ['landlock'] } });
    const plan = await room.plan('exec 3<>/dev/tcp/127.0.0.1/3128');
    expect(plan).toMatchObject({ backend: 'landlock', network: 'none' });
    expect(plan.notes.join()).toContain("the listed hosts can't be reached");
    expect(plan.spawn.env).not.toHaveProperty('HTTP_PROXY');
    expect(room.manager.takeNotice()).toMatch(/no network.*Landlock/s);
    expect(room.manager.takeNotice()).toBeNull();
  });

  test('an end of the session closes it, and leaves no process and no descriptor', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await new Room({ setup: listed })[Symbol.asyncDispose]();
    const before = open();
    for (let round = 0; round < 5; round += 1) {
      await using room = new Room({ setup: listed });
      expect(await room.output('curl -s -o /dev/null -w "%{http_code}" http://b.test/')).toBe('4030');
    }
    for (let look = 0; look < 1_000 && open() > before; look += 1) await delay(20);
    expect(open()).toBeLessThanOrEqual(before + 1);
  });

  test('without a way in, a command that is to reach a proxy has a network of its own', () => {
    const facts = { type: 'bwrap', path: '/usr/bin/bwrap', ownProc: true, bindsDescriptors: true } as const;
    const spec = { argv: ['true'], cwd: '/', env: {} };
    const filter = new Uint8Array();
    expect(bwrapCommand({ facts, spec, mounts: [], network: 'proxy', filter }).argv).toContain('--unshare-net');
  });

  test('a look that is aborted is made again', async () => {
    await using room = new Room({ setup: listed });
    await room.manager.ready(AbortSignal.abort());
    expect((await room.plan('true')).network).toBe('proxy');
  });
});
