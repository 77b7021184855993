import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SeccompOptions, seccompProgram } from '../../../src/system/sandbox/seccomp/program.ts';
import { tempDir } from '../../support/temp-dir.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const BWRAP = '/usr/bin/bwrap';

/** Runs a script below a filter, in namespaces as bubblewrap makes them; the filter alone keeps the network off. */
function under(options: Partial<SeccompOptions>, argv: readonly string[]): string {
  using dir = tempDir();
  const program = seccompProgram({ arch, network: 'none', allowUnixSockets: false, ...options });
  const path = join(dir.path, 'filter');
  writeFileSync(path, program);
  const filter = openSync(path, 'r');
  const flags = '--unshare-user --unshare-pid --cap-drop ALL --ro-bind / / --dev /dev --proc /proc'.split(' ');
  const place = ['--bind', dir.path, dir.path, '--chdir', dir.path, '--seccomp', '3', '--'];
  const stdio = ['ignore', 'pipe', 'pipe', filter] as const;
  const result = spawnSync(BWRAP, [...flags, ...place, ...argv], { stdio: [...stdio], encoding: 'utf8' });
  closeSync(filter);
  return `${result.stdout}${result.stderr}`;
}

const python = (script: string, options: Partial<SeccompOptions> = {}) => under(options, ['python3', '-c', script]);

describe.skipIf(!existsSync(BWRAP))('under a real filter', () => {
  it('node runs children, talks to them, and starts threads', () => {
    const script = `
      const { fork, execFileSync } = require('node:child_process');
      const { Worker } = require('node:worker_threads');
      require('node:fs').writeFileSync('child.js', 'process.send("from a child"); process.disconnect();');
      console.log(String(execFileSync('echo', ['from echo'])));
      fork('./child.js').on('message', console.log);
      new Worker('require("node:worker_threads").parentPort.postMessage("from a thread")', { eval: true })
        .on('message', console.log);`;
    const output = under({}, [process.execPath, '-e', script]);
    for (const word of ['from echo', 'from a child', 'from a thread']) expect(output).toContain(word);
  });

  it('git commits, and a shell has its pipes', () => {
    const script = `git init -q . && echo a > a && git add a && git -c user.name=a -c user.email=a@b commit -qm first
      git log --format=%s | cat; git gc -q && seq 3 | tail -n 1`;
    expect(under({}, ['bash', '-c', script])).toMatch(/first\n3\n$/);
  });

  it('python runs children and pools of processes', () => {
    const script = `import asyncio, multiprocessing, subprocess
print(subprocess.check_output(["echo", "sub"]), multiprocessing.get_context("fork").Pool(2).map(abs, [-1, -2]))
async def child(): return await (await asyncio.create_subprocess_exec("true")).wait()
print(asyncio.run(child()))`;
    expect(python(script)).toBe("b'sub\\n' [1, 2]\n0\n");
  });

  it('T22: no socket of any family opens, nor a pair that could send to a socket file', () => {
    const script = `import socket
for family in range(1, 46):
    try: socket.socket(family, socket.SOCK_DGRAM); print("open", family)
    except PermissionError: pass
try: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); print("open pair")
except PermissionError: pass
print("tried")`;
    expect(python(script)).toBe('tried\n');
  });

  it('names are looked up and connections made with the network on', () => {
    const script = `import socket
server = socket.create_server(("localhost", 0))
socket.create_connection(server.getsockname()[:2]).close()
print("connected")`;
    expect(python(script, { network: 'full' })).toBe('connected\n');
    expect(python(script, { network: 'none' })).toContain('PermissionError');
  });

  it('T30: nothing can be typed into a terminal, not even with bits that the kernel drops', () => {
    const script = `import ctypes, pty
libc = ctypes.CDLL(None, use_errno=True)
master, slave = pty.openpty()
for request in (0x5412, 0x541c, 0x5412 | 1 << 32):
    libc.syscall(ctypes.c_long(${arch === 'x64' ? 16 : 29}), ctypes.c_long(slave), ctypes.c_ulong(request), b"x")
    print(ctypes.get_errno())`;
    expect(python(script)).toBe('1\n1\n1\n');
  });

  it('no namespace is made', () => {
    const script = `import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x10000000), ctypes.get_errno())`;
    expect(python(script)).toBe('-1 1\n');
  });
});
