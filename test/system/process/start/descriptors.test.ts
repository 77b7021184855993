import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cLibrary } from '../../../../src/foundation/util/index.ts';
import { runGit } from '../../../../src/system/git/index.ts';
import { startInherited, startProgram, startServed } from '../../../../src/system/process/index.ts';
import { until } from '../../../support/keel.ts';
import { programDirectory } from '../../../support/programs/program-directory.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { Workshop } from '../support.ts';

const isLinux = process.platform === 'linux';
const F_DUPFD = 0;
const LIST = 'echo "open:" $(ls /proc/self/fd)';

/** A descriptor of a folder with a high number that programs inherit, as a shell leaves it with `exec 200<dir`. */
function inheritable(): number {
  const { functions } = cLibrary();
  const open = functions.func('open', 'int', ['str', 'int']);
  const duplicate = functions.func('fcntl', 'int', ['int', 'int', '...']);
  const fd: number = open('/', 0);
  const high: number = duplicate(fd, F_DUPFD, 'int', 200);
  functions.func('close', 'int', ['int'])(fd);
  expect(high).toBeGreaterThanOrEqual(200);
  return high;
}

function isOpen(fd: number): boolean {
  return readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1').includes('flags');
}

function close(fd: number): void {
  cLibrary().functions.func('close', 'int', ['int'])(fd);
}

/** What is open in the program, without what `ls` opens itself. */
function listed(text: string): number[] {
  return (/open:(.*)/.exec(text)?.[1] ?? '').trim().split(' ').map(Number);
}

test.skipIf(!isLinux)('a command gets no descriptor that keel has inherited, and keel keeps it', async () => {
  using shop = new Workshop();
  const fd = inheritable();
  try {
    expect(listed((await shop.bash(LIST)).output)).not.toContain(fd);
    expect(isOpen(fd)).toBe(true);
  } finally {
    close(fd);
  }
});

test.skipIf(!isLinux).each([false, true])('a session gets none of them, with a terminal: %s', async (tty) => {
  using shop = new Workshop();
  const fd = inheritable();
  try {
    const session = await shop.session(LIST, { tty });
    await session.exited;
    await until(() => /open:[^\n]*\n/.test(session.transcript()), 15_000);
    expect(listed(session.transcript())).not.toContain(fd);
  } finally {
    close(fd);
  }
});

test.skipIf(!isLinux)('a program that is talked to, and one on keel’s own output, get none of them', async () => {
  using shop = new Workshop();
  using dir = tempDir();
  const script = `${LIST} > "$0"`;
  const spec = (name: string) => ({
    argv: ['bash', '-c', script, join(dir.path, name)],
    cwd: dir.path,
    env: shop.env,
  });
  const fd = inheritable();
  const second = inheritable();
  try {
    const served = await startServed(spec('served'), shop.processes);
    const inherited = await startInherited(spec('inherited'), shop.processes);
    await Promise.all([served.exited, inherited.exited]);
    for (const name of ['served', 'inherited']) {
      const open = listed(readFileSync(join(dir.path, name), 'utf8'));
      expect(open).not.toContain(fd);
      expect(open).not.toContain(second);
    }
  } finally {
    close(fd);
    close(second);
  }
});

test.skipIf(!isLinux)('git and other programs of keel’s own get none of them', async () => {
  const bin = programDirectory();
  writeFileSync(join(bin, 'git'), `#!/bin/bash\n${LIST}\n`, { mode: 0o755 });
  const fd = inheritable();
  try {
    const result = await runGit(['status'], {
      cwd: '/',
      workTree: '/nowhere',
      env: { PATH: `${bin}:${process.env['PATH']}` },
      place: {},
      signal: new AbortController().signal,
    });
    expect(result).toMatchObject({ type: 'ok' });
    if (result.type === 'ok') expect(listed(String(result.stdout))).not.toContain(fd);
    const child = startProgram('/bin/bash', ['-c', LIST], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    for await (const chunk of child.stdout ?? []) text += String(chunk);
    expect(listed(text)).not.toContain(fd);
  } finally {
    close(fd);
  }
});

test.skipIf(!isLinux)('what a program is meant to read from a descriptor still reaches it', async () => {
  using shop = new Workshop();
  const inputs = [Buffer.from('named input')];
  const outcome = await shop.runSpec({
    argv: ['bash', '-c', 'cat <&3'],
    cwd: shop.dir.path,
    env: shop.env,
    inputs,
  });
  expect(outcome.output).toBe('named input');
});
