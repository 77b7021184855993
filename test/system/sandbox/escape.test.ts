import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchOf, escapeScript, outcomesOf, type Tried, waysOut, waysTried } from './batch.ts';
import { Room, workspaceWrite } from './support.ts';

const isRoot = process.getuid?.() === 0;
/** In a network of its own a server may listen, to the session's own commands. */
const refusedWays = waysOut.filter((name) => name !== 'listen');
const changesOfProtected = [
  'echo x >> .git/config',
  'echo x > .git/hooks/post-commit',
  'git config core.fsmonitor /tmp/evil',
  'mv .git gone',
  'mv inside/../.git gone',
  'rm -rf .git/hooks && mkdir .git/hooks',
  'ln -sf /tmp .git/hooks',
  'mount --bind inside .git',
  'umount -l .git',
  'unshare -Urm sh -c "umount -l .git"',
  'nsenter -t 1 -m true',
];

/** As root the whole suite also runs for an ordinary user: root has rights that make some ways out possible, and the reverse. */
const users = isRoot ? [{ name: 'root' }, { name: 'an ordinary user', uid: 65534 }] : [{ name: 'an ordinary user' }];

describe.each(users)('ways out for $name', (user) => {
  let room: Room;
  let servers: Server[];

  beforeAll(async () => {
    room = new Room('uid' in user ? { uid: user.uid } : {});
    servers = await listenOutside(room);
    execFileSync('git', ['init', '-q', room.workspace]);
    mkdirSync(join(room.workspace, 'inside'));
    cpSync(escapeScript, join(room.workspace, 'escape.py'));
    if ('uid' in user && user.uid !== undefined) giveAway(room.root, user.uid);
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await room[Symbol.asyncDispose]();
  });

  describe('ways out', () => triesWaysOut(() => room));

  describe('what is protected in the workspace', () => {
    let before: string;
    let tried: ReadonlyMap<string, Tried>;
    beforeAll(async () => {
      before = readFileSync(join(room.workspace, '.git', 'config'), 'utf8');
      const { output } = await room.run(batchOf(changesOfProtected), { timeoutMs: 60_000 });
      tried = outcomesOf(changesOfProtected, output);
    });

    test.each(changesOfProtected)('T19: %s', (change) => expect(tried.get(change)?.exitCode).toBeGreaterThan(0));

    test('T19: is as it was', () => {
      expect(readFileSync(join(room.workspace, '.git', 'config'), 'utf8')).toBe(before);
      expect(readdirSync(join(room.workspace, '.git', 'hooks'))).not.toContain('post-commit');
      expect(readdirSync(room.workspace)).toEqual(expect.not.arrayContaining(['gone', '.keel', '.codex']));
    });
  });

  test('nothing can be written but the workspace and harmless devices', async () => {
    cpSync(join(import.meta.dirname, 'writable-walk.py'), join(room.workspace, 'writable-walk.py'));
    const { output, end } = await room.run('python3 writable-walk.py', { timeoutMs: 90_000 });
    expect(end).toEqual({ type: 'exited', exitCode: 0 });
    const device = /^\/dev\/(?:full|null|ptmx|pts\/ptmx|random|shm\/|tty|urandom|zero)?$/;
    const written = output.trim().split('\n');
    expect(written).toContain(`${room.workspace}/`);
    expect(written.filter((path) => !path.startsWith(`${room.workspace}/`) && !device.test(path))).toEqual([]);
  }, 120_000);

  test('a tree of many processes ends with its time limit and leaves nothing', async () => {
    // Bounded: a real bomb would take the whole machine where tests run as root, whom no limit of processes binds.
    const grow = 'bomb() { [ $1 -gt 0 ] && { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; sleep 30; }; bomb 6';
    const { end } = await room.run(grow, { timeoutMs: 700 });
    expect(end).toEqual({ type: 'timedOut' });
    const left = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes('bomb() {');
    for (let look = 0; look < 1_000 && left(); look += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(left()).toBe(false);
  });

  test('what has to work does', async () => {
    const works = [
      "node -e \"new (require('worker_threads').Worker)('1',{eval:true})\"",
      'echo "process.send(1); process.disconnect()" > child.js',
      `node -e "let got=0; require('child_process').fork('./child.js').on('message', () => got++).on('exit', () => process.exit(1 - got))"`,
      'npm --version',
      'git status --short && git log --oneline -1 || git rev-parse --git-dir',
      'printf "all:\\n\\techo made\\n" > Makefile && make -s',
      'echo "int main(void){return 0;}" > a.c && cc a.c -o a && ./a',
      'python3 -c "import multiprocessing as m; m.Pool(2).map(abs, [1])"',
      'mktemp -p . && id && cat /etc/hostname > /dev/null && ls /proc/self > /dev/null',
      'seq 100000 | sort -n | tail -1',
    ];
    for (const work of works) expect((await room.run(work)).end, work).toEqual({ type: 'exited', exitCode: 0 });
  });
});

describe('ways out where hosts are listed', () => {
  let room: Room;
  let servers: Server[];

  beforeAll(async () => {
    const network = { allowed: [], denied: [], mode: 'full', allowLocalBinding: false } as const;
    room = new Room({ setup: { network } });
    servers = await listenOutside(room);
    execFileSync('git', ['init', '-q', room.workspace]);
    mkdirSync(join(room.workspace, 'inside'));
    cpSync(escapeScript, join(room.workspace, 'escape.py'));
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await room[Symbol.asyncDispose]();
  });

  triesWaysOut(() => room);
});

test('limits hold files and processes where they are configured', async () => {
  const setup = { maxFileBytes: 4096, maxProcesses: 500 };
  await using room = new Room({ setup });
  const { end } = await room.run('head -c 100000 /dev/zero > big');
  expect(end).not.toEqual({ type: 'exited', exitCode: 0 });
  expect(statSync(join(room.workspace, 'big')).size).toBeLessThanOrEqual(4096);
  expect(await room.output('ulimit -u')).toBe('500\n0');
});

test('a hard link that was there before leads outside: docs/security.md says so, and patches refuse it', async () => {
  await using room = new Room({ policy: workspaceWrite });
  execFileSync('ln', [join(room.outside, 'precious'), join(room.workspace, 'known')]);
  await room.run('echo changed > known');
  expect(existsSync(join(room.outside, 'precious'))).toBe(true);
});

/** Tests of the ways out of a room that `roomOf` gives when they run. */
function triesWaysOut(roomOf: () => Room): void {
  let before: unknown;
  let tried: ReadonlyMap<string, string>;
  beforeAll(async () => {
    before = stateOf(roomOf().outside);
    const names = refusedWays.map((name) => `'${name}'`).join(' ');
    const command = `python3 escape.py ${roomOf().outside} ${process.pid} ${names}`;
    tried = waysTried((await roomOf().run(command, { timeoutMs: 60_000 })).output);
  });

  test.each(refusedWays)('T21: %s', (name) => expect(tried.get(name)).toMatch(/^refused: /));

  test('T21: what lies outside is as it was', () => expect(stateOf(roomOf().outside)).toEqual(before));
}

/** Servers that nothing in the room may reach: by a file, an abstract name and a port, which is written down there. */
async function listenOutside(room: Room): Promise<Server[]> {
  const listening = [join(room.outside, 'socket'), `\0keel-escape-${process.pid}`, 0].map(
    (where) =>
      new Promise<Server>((resolve) => {
        const server = createServer((socket) => socket.destroy());
        server.once('error', () => resolve(server));
        server.listen(where, () => resolve(server));
      }),
  );
  const servers = await Promise.all(listening);
  const address = servers[2]?.address();
  writeFileSync(join(room.outside, 'port'), String(typeof address === 'object' ? address?.port : 0));
  return servers;
}

function giveAway(path: string, uid: number): void {
  chownSync(path, uid, uid);
  chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644);
  if (!statSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveAway(join(path, name), uid);
}

function stateOf(dir: string): unknown {
  return readdirSync(dir).map((name) => {
    const stat = statSync(join(dir, name));
    return [
      name,
      stat.size,
      stat.mode,
      Math.trunc(stat.mtimeMs),
      stat.isFile() ? readFileSync(join(dir, name), 'utf8') : '',
    ];
  });
}
