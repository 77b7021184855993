import { join } from 'node:path';
import type { IPty } from '@lydell/node-pty';
import { afterEach, expect, test } from 'vitest';
import { startOnTerminal } from '../../../support/programs/terminal.ts';

const program = join(import.meta.dirname, 'modes-program.ts');
let pty: IPty | null = null;
let seen = '';

/** Starts the program in an interactive shell, which shows after it how the terminal was left. */
function start(): void {
  seen = '';
  const env = { ...process.env, PS1: '$ ', ENV: '' };
  pty = startOnTerminal('bash', ['--norc', '--noprofile', '-i'], { cols: 120, rows: 40, env });
  pty.onData((data) => (seen += data));
  pty.write(`${process.execPath} ${program}; stty -a | tr '\\n' ' '; echo done-$?\n`);
}

afterEach(() => {
  pty?.kill();
  pty = null;
});

async function until(pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = pattern.exec(seen);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const MODES = ['?2004', '?1004'];

async function expectRestored(): Promise<void> {
  await until(/done-0/);
  const settings = /speed.*done-0/s.exec(seen)?.[0] ?? '';
  expect(settings).toMatch(/ icanon .* echo /s);
  // What came last counts; bash marks its own prompt with `?2004` after the program.
  const own = seen.slice(seen.indexOf('ready'), seen.indexOf('speed'));
  for (const mode of MODES) expect(own.lastIndexOf(`${mode}l`)).toBeGreaterThan(own.lastIndexOf(`${mode}h`));
  for (const bytes of ['\u001b[<u', '\u001b[?25h', '\u001b[?2026l']) expect(own).toContain(bytes);
}

test.each([
  ['its end', (pid: number) => (pid > 0 ? pty?.write('x') : null)],
  ['an uncaught error', () => pty?.write('e')],
  ['SIGTERM', (pid: number) => process.kill(pid, 'SIGTERM')],
  ['SIGHUP', (pid: number) => process.kill(pid, 'SIGHUP')],
])('5: %s leaves the terminal as it was', async (_, end) => {
  start();
  const [, pid] = await until(/ready (\d+)/);
  end(Number(pid));
  await expectRestored();
});

test('5: Ctrl-Z gives the terminal back, and the modes are set again when the program continues', async () => {
  start();
  await until(/ready (\d+)/);
  pty?.write('\u001a');
  await until(/Stopped/);
  const stopped = seen.slice(seen.indexOf('ready'));
  expect(stopped).toContain('\u001b[?1004l');
  seen = '';
  pty?.write('fg\n');
  await until(/continued/);
  expect(seen).toContain('\u001b[?1004h');
  seen = 'ready';
  pty?.write('x');
  await until(/1004l.*\$ /s);
  pty?.write(`stty -a | tr '\\n' ' '; echo done-$?\n`);
  await until(/done-0/);
  expect(seen).toContain('\u001b[?1004l');
  expect(seen).toMatch(/ icanon .* echo /s);
});
