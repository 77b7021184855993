import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs, randomBytes } from '../../../foundation/util/index.ts';
import { OUTLIVES_VARIABLE } from '../start/own-children.ts';
import { startOutliving } from '../start/start-program.ts';
import type { LoginAnswers } from './login-answers.ts';

/** Variables that belong to the shell that was asked, not to the user. */
const OWN_TO_A_SHELL = new Set(['PWD', 'OLDPWD', 'SHLVL', '_', 'KEEL_LOGIN_SHELL', OUTLIVES_VARIABLE]);
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
const LOOK_MS = 25;

export interface AskOptions {
  readonly answers: LoginAnswers;
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly filter: (env: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** A shell at work. */
interface Question {
  readonly word: string;
  readonly isRunning: () => boolean;
  /** Asks the shell to end, where it is known. */
  readonly giveUp: () => void;
}

/**
 * Asks a login shell of the user's what it sets beyond `env`, or waits for one that another keel has asked, and keeps the answer.
 * No usable answer in time is kept as an empty one: a shell that gives none must not hold up every run. The shell writes into a
 * file and outlives keel if need be: start-up files that are cut short may leave locks behind which hold up every later login
 * shell of the user (pyenv's rehash, for instance).
 */
export async function askLoginShell(options: AskOptions): Promise<void> {
  const { answers, limitMs } = options;
  const deadline = monotonicMs() + limitMs;
  const question = askedBefore(options) ?? start(options);
  if (question === null) return;
  const path = answers.pendingPath(question.word);
  let answer = readAnswer(path, question.word);
  for (let isRunning = true; answer === null && isRunning && monotonicMs() < deadline; ) {
    await delay(LOOK_MS, undefined, { ref: false });
    // Looked at before the file: what the shell wrote last is still read.
    isRunning = question.isRunning();
    answer = readAnswer(path, question.word);
  }
  if (answer !== null) answers.keep(options.filter(added(options.env, answer)));
  // Another keel may have read the answer and removed the file.
  else if (answers.read() === null) answers.keep({});
  rmSync(path, { force: true });
  if (answer === null) question.giveUp();
}

function askedBefore({ answers, limitMs }: AskOptions): Question | null {
  const oldest = Date.now() - limitMs;
  const word = answers.pendingWord(oldest);
  if (word === null) return null;
  const path = answers.pendingPath(word);
  const isRunning = () => (statSync(path, { throwIfNoEntry: false })?.birthtimeMs ?? 0) >= Date.now() - limitMs;
  return { word, isRunning, giveUp: () => undefined };
}

function start({ answers, shell, env, cwd }: AskOptions): Question | null {
  // Start-up files print what they like: the environment is between words that they can't know.
  const word = randomBytes(12).toString('hex');
  try {
    const fd = openSync(answers.pendingPath(word), 'wx', 0o600);
    const script = `printf %s ${word}; command env -0; printf %s ${word}`;
    const child = startOutliving(shell, ['-lc', script], {
      cwd,
      // Start-up files may ask who wants to know.
      env: { ...env, KEEL_LOGIN_SHELL: '1' },
      stdio: ['ignore', fd, 'ignore'],
    });
    closeSync(fd);
    let isRunning = true;
    const onEnd = () => {
      isRunning = false;
    };
    child.once('exit', onEnd).once('error', onEnd);
    child.unref();
    return { word, isRunning: () => isRunning, giveUp: () => void child.kill('SIGTERM') };
  } catch {
    // A home that can't be written to, or no such shell: the environment stays as it is.
    return null;
  }
}

/** Null: it is not whole, yet or at all. */
function readAnswer(path: string, word: string): Readonly<Record<string, string>> | null {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 || size > MAX_ANSWER_BYTES) return null;
  const [, listing, end] = readFileSync(path, 'utf8').split(word);
  if (listing === undefined || end === undefined || !listing.endsWith('\0')) return null;
  const lines = listing.split('\0').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

function added(env: AskOptions['env'], answer: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const changed = Object.entries(answer).filter(([name, value]) => env[name] !== value && !OWN_TO_A_SHELL.has(name));
  return Object.fromEntries(changed);
}
