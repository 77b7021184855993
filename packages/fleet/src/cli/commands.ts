import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ParseArgsConfig } from 'node:util';
import type { TurnState } from '../client/fleet-client.ts';
import { runDemo } from '../demo/demo.ts';
import { addToken, runFront } from '../front/index.ts';
import { Places } from '../place/index.ts';
import { runWorker } from '../worker/program.ts';
import { batchTable, runBatch } from './batch.ts';
import { batchJobs } from './batch-file.ts';
import { withProviders } from './batch-shares.ts';
import { doctor } from './doctor.ts';
import { CommandError, fleetFolder, NoFleet } from './fleet-folder.ts';
import { listThreads } from './list.ts';
import { showProgress } from './progress.ts';
import { adminOf, clientOf, type Target, targetOf } from './target.ts';
import { answer, continueStuck, drain, printThread, runPrompt, waitingLines } from './thread-commands.ts';
import { up } from './up.ts';
import { type Work, workIn } from './work.ts';

export interface Given {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly log: (line: string) => void;
}

export interface Command {
  readonly usage: string;
  readonly about: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** How many words it takes, at least and at most. */
  readonly takes: readonly [number, number];
  /** @returns the exit code */
  readonly run: (given: Given) => Promise<number>;
}

/** A turn waits for a person. */
const WAITS = 3;
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
/** Of commands that can speak to an installed fleet. */
const elsewhere = { url: text, 'token-file': text, admin: text };
const where = { clone: text, worktree: text, directory: text, revision: text };

export const commands: Readonly<Record<string, Command>> = {
  up: {
    usage: '[--workers N] [--port P] [--park-after S]',
    about: 'Run a fleet on this machine: the engine and its workers.',
    options: { workers: text, port: text, 'park-after': text },
    takes: [0, 0],
    run: async (given) => {
      const { env, log, signal } = given;
      const parkAfterMs = countOf(given, 'park-after', 60, 0) * 1_000;
      await up(
        {
          dir: folderOf(given),
          workers: countOf(given, 'workers', 2),
          port: countOf(given, 'port', 0, 0),
          parkAfterMs,
          env,
          log,
        },
        signal,
      );
      return 0;
    },
  },
  worker: {
    usage: '[--dev]',
    about: 'Run one worker; its settings are KEEL_FLEET_ variables.',
    options: { dev: flag },
    takes: [0, 0],
    run: async ({ values, env, log }) => {
      await runWorker(values['dev'] === true ? { ...env, KEEL_FLEET_DEV: '1' } : { ...env }, log);
      return 0;
    },
  },
  front: {
    usage: '',
    about: 'Run the door for users; its settings are KEEL_FLEET_ variables.',
    options: {},
    takes: [0, 0],
    run: async ({ env, log }) => {
      await runFront({ ...env }, log);
      return 0;
    },
  },
  token: {
    usage: 'USER FILE',
    about: 'Make a token for a user of the front; FILE keeps its digest.',
    options: {},
    takes: [2, 2],
    run: async ({ words: [user = '', file = ''], print }) => {
      print(addToken(resolve(file), user));
      return 0;
    },
  },
  clean: {
    usage: 'THREAD [--record]',
    about: 'Remove a thread’s work tree, and with --record all that is known of it.',
    options: { record: flag },
    takes: [1, 1],
    run: async (given) => {
      const places = new Places({ data: given.env['KEEL_FLEET_DATA'] ?? folderOf(given), cloneFrom: [] });
      await places.clean(given.words[0] ?? '', { record: given.values['record'] === true }, given.signal);
      return 0;
    },
  },
  run: {
    usage: 'PROMPT [--cwd DIR] [--thread ID] [-c K=V]',
    about: 'Run a prompt, in a new thread or as the next turn of one.',
    options: {
      ...elsewhere,
      ...where,
      cwd: text,
      thread: text,
      config: { type: 'string', short: 'c', multiple: true },
    },
    takes: [1, 1],
    run: async (given) => {
      const { words, values, print, signal } = given;
      const target = fleetOf(given);
      const request = {
        threadId: textOf(given, 'thread') ?? null,
        prompt: words[0] ?? '',
        work: workOf(given, target),
        home: homeOf(given),
        overrides: listOf(values['config']),
      };
      const { threadId, end } = await runPrompt(target, request, signal);
      return printEnd(threadId, end, print);
    },
  },
  batch: {
    usage: 'FILE.jsonl [--concurrency N] [--max-tokens N]',
    about:
      'Run a prompt a line; run again, it continues. Also -c K=V, --per-provider N, --per-directory N, --per-repository N, --max-tokens-per-provider N, --max-tokens-per-repository N.',
    options: {
      ...elsewhere,
      concurrency: text,
      'per-provider': text,
      'per-directory': text,
      'per-repository': text,
      'max-tokens': text,
      'max-tokens-per-provider': text,
      'max-tokens-per-repository': text,
      config: { type: 'string', short: 'c', multiple: true },
    },
    takes: [1, 1],
    run: async (given) => {
      const overrides = listOf(given.values['config']);
      const lines = batchJobs({ file: given.words[0] ?? '', cwd: process.cwd(), overrides });
      const concurrency = countOf(given, 'concurrency', 8);
      const limits = {
        concurrency,
        maxTokens: budgetOf(given, 'max-tokens'),
        perProvider: countOf(given, 'per-provider', concurrency),
        maxTokensPerProvider: budgetOf(given, 'max-tokens-per-provider'),
        perDirectory: countOf(given, 'per-directory', 1),
        perRepository: countOf(given, 'per-repository', concurrency),
        maxTokensPerRepository: budgetOf(given, 'max-tokens-per-repository'),
      };
      const target = fleetOf(given);
      const home = homeOf(given);
      // An installed fleet has one provider, which its own settings name.
      const jobs = target.type === 'local' ? await withProviders(lines, home, given.env) : lines;
      const options = { target, home, jobs, limits, onProgress: showProgress };
      const results = await runBatch(options, given.signal);
      given.print(batchTable(results));
      return results.every(({ end }) => end?.type === 'ended' && end.turn.status === 'completed') ? 0 : 1;
    },
  },
  ls: {
    usage: '[--waiting | --stuck]',
    about: 'List threads, questions that wait, or turns that can’t run.',
    options: { ...elsewhere, waiting: flag, stuck: flag },
    takes: [0, 0],
    run: async (given) => {
      const { values, print } = given;
      const filter = values['waiting'] ? 'waiting' : values['stuck'] ? 'stuck' : 'all';
      print(await listThreads(fleetOf(given), filter, given.signal));
      return 0;
    },
  },
  watch: {
    usage: 'THREAD',
    about: 'Print what happens in a thread, an event a line.',
    options: elsewhere,
    takes: [1, 1],
    run: async (given) => {
      await printThread(fleetOf(given), given.words[0] ?? '', given.print, given.signal);
      return 0;
    },
  },
  answer: {
    usage: 'THREAD yes|no|session|TEXT... [--question ID] [--message TEXT]',
    about: 'Answer the question that a turn waits with; what the model asks, with a text for each of its questions.',
    options: { ...elsewhere, question: text, message: text },
    takes: [2, 4],
    run: async (given) => {
      const [threadId = '', ...words] = given.words;
      const answered = { questionId: textOf(given, 'question') ?? null, words, message: textOf(given, 'message') };
      await answer(clientOf(fleetOf(given)), threadId, answered);
      return 0;
    },
  },
  steer: {
    usage: 'THREAD TEXT',
    about: 'Add a message to the turn that runs.',
    options: elsewhere,
    takes: [2, 2],
    run: async (given) => {
      await clientOf(fleetOf(given)).steer(given.words[0] ?? '', given.words[1] ?? '');
      return 0;
    },
  },
  interrupt: {
    usage: 'THREAD',
    about: 'End the turn that runs or waits.',
    options: elsewhere,
    takes: [1, 1],
    run: async (given) => {
      await clientOf(fleetOf(given)).interrupt(given.words[0] ?? '');
      return 0;
    },
  },
  stop: {
    usage: 'THREAD',
    about: 'The same, and take back the turns behind it.',
    options: elsewhere,
    takes: [1, 1],
    run: async (given) => {
      await clientOf(fleetOf(given)).stop(given.words[0] ?? '');
      return 0;
    },
  },
  drain: {
    usage: 'WORKER',
    about: 'Give a worker’s turns to the others and end it.',
    options: elsewhere,
    takes: [1, 1],
    run: async (given) => {
      await drain(fleetOf(given), given.words[0] ?? '', given.signal);
      return 0;
    },
  },
  continue: {
    usage: '',
    about: 'Try again what `ls --stuck` shows as paused.',
    options: elsewhere,
    takes: [0, 0],
    run: async (given) => {
      given.print(`${await continueStuck(adminOf(fleetOf(given)))} continued`);
      return 0;
    },
  },
  doctor: {
    usage: '',
    about: 'Check each part of the fleet.',
    options: elsewhere,
    takes: [0, 0],
    run: async (given) => {
      const { lines, isWell } = await doctor(targetOrNull(given), given.env, given.signal);
      for (const line of lines) given.print(line);
      return isWell ? 0 : 1;
    },
  },
  demo: {
    usage: '',
    about: 'Run 20 turns on 2 workers, kill one, and count.',
    options: { turns: text },
    takes: [0, 0],
    run: (given) => runDemo({ turns: countOf(given, 'turns', 20), env: given.env, print: given.print }, given.signal),
  },
};

function folderOf(given: Given): string {
  return fleetFolder(textOf(given, 'dir'), given.env);
}

/** @throws CommandError where there is none */
function fleetOf(given: Given): Target {
  const [dir, url, admin] = ['dir', 'url', 'admin'].map((name) => textOf(given, name));
  return targetOf({ dir, url, admin, tokenFile: textOf(given, 'token-file') }, given.env);
}

/** Null: no fleet runs on this machine, which is to be shown among other faults. */
function targetOrNull(given: Given): Target | null {
  try {
    return fleetOf(given);
  } catch (error) {
    if (error instanceof NoFleet) return null;
    throw error;
  }
}

/** An installed fleet makes an empty directory where nothing else is named. */
function workOf(given: Given, target: Target): Work {
  const [clone, worktree, directory, revision] = Object.keys(where).map((name) => textOf(given, name));
  const work = workIn({ clone, worktree, directory, revision });
  const cwd = textOf(given, 'cwd');
  if (work !== null && cwd !== undefined)
    throw new CommandError('a thread works in one place: --cwd or one of the fleet’s');
  if (work !== null) return work;
  return cwd === undefined && target.type === 'installed' ? { type: 'empty' } : { type: 'here', cwd: cwd ?? '.' };
}

function homeOf({ env }: Given): string {
  return resolve(env['KEEL_HOME'] ?? join(homedir(), '.keel'));
}

function textOf({ values }: Given, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function listOf(value: Given['values'][string]): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function countOf(given: Given, name: string, otherwise: number, least = 1): number {
  const text = textOf(given, name);
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= least) return count;
  throw new CommandError(`--${name}: a whole number from ${least} on is expected, not "${text}"`);
}

/** Tokens; null: no limit. */
function budgetOf(given: Given, name: string): number | null {
  return textOf(given, name) === undefined ? null : countOf(given, name, 0);
}

function printEnd(threadId: string, end: TurnState, print: (line: string) => void): number {
  if (end.type === 'waiting') {
    for (const line of waitingLines(threadId, end.state.current?.questions ?? [])) print(line);
    return WAITS;
  }
  print(end.turn.message ?? end.turn.error ?? '');
  print(`thread ${threadId}: ${end.turn.status}`);
  return end.turn.status === 'completed' ? 0 : 1;
}
