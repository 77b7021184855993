import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { baseName } from '../shell/words.ts';

const LOCK_WAIT_MS = 2_000;
const LOOK_MS = 20;
/** A lock this old was left by a process that was killed. */
const STALE_MS = 10_000;

/** Names that run whatever follows them: a rule for one of these alone would allow everything. */
const TOO_WIDE = new Set(
  [
    'python py pythonw pyw pypy node bun deno npx perl ruby php lua osascript awk gawk mawk',
    'bash sh zsh dash ksh fish busybox pwsh powershell powershell.exe',
    'env sudo doas xargs command exec eval builtin nohup nice time timeout setsid stdbuf git rm',
  ].flatMap((names) => names.split(' ')),
);
/** Words that don't say what will run: an option, a number, or an assignment. */
const SAYS_NOTHING = /^-|^[\d.]+[smhd]?$|^[A-Za-z_]\w*=/;

/** Whether a rule may be offered for a command's first words. */
export function mayBeRemembered(prefix: readonly string[]): boolean {
  const [program, ...more] = prefix;
  if (program === undefined) return false;
  // `/usr/bin/python3.12` is as wide as `python`.
  const name = baseName(program).replace(/[\d.]+$/, '');
  return !TOO_WIDE.has(name) || more.some((word) => !SAYS_NOTHING.test(word));
}

/** The line that allows commands which begin with these words. */
function ruleLine(prefix: readonly string[]): string {
  return `prefix_rule(pattern=[${prefix.map((word) => JSON.stringify(word)).join(', ')}], decision="allow")`;
}

/** What such a rule will allow, for a person to see before it is kept. */
export function wouldMatch(prefix: readonly string[]): string[] {
  const words = prefix.join(' ');
  return [words, `${words} ...`];
}

/**
 * Appends a rule to the file, under a lock, so that several processes may do it at once; the same line is kept once.
 * @throws for an empty prefix, or an error of the file system
 */
export async function remember(file: string, prefix: readonly string[]): Promise<void> {
  if (prefix.length === 0) throw new Error('a rule needs at least one word');
  await rememberLine(file, ruleLine(prefix));
}

/** Appends a finished line. */
export async function rememberLine(file: string, line: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const lock = `${file}.lock`;
  await take(lock);
  try {
    const text = textOf(file);
    if (text.split('\n').includes(line)) return;
    const fd = openSync(file, 'a', 0o600);
    try {
      writeSync(fd, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`);
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(lock, { force: true });
  }
}

async function take(lock: string): Promise<void> {
  for (let waited = 0; ; waited += LOOK_MS) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      return;
    } catch (error) {
      if (waited >= LOCK_WAIT_MS || !isTaken(error)) throw error;
    }
    if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) > STALE_MS)
      rmSync(lock, { force: true });
    else await delay(LOOK_MS);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The first rule makes the file.
    return '';
  }
}
