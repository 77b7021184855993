import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { findProgram, monotonicMs, printable, reasonOf, writableByOthers } from '../../../foundation/util/index.ts';
import { type Config, programSearch, resolveHome } from '../../../storage/config/index.ts';
import { uncommittedChanges } from '../../../system/git/index.ts';
import { Processes, programOutput, userShell } from '../../../system/process/index.ts';
import { probeBackend } from '../../../system/sandbox/index.ts';
import type { CommandIo } from '../io.ts';
import { ANSWER_MS, type Finding } from './finding.ts';

/** From here on login files are worth a word, ms. */
const SLOW_LOGIN_MS = 1_000;
/** From here on files that git does not know are worth a word. */
const MANY_FILES = 1_000;

export function nodeVersion(): Finding {
  return { name: 'Node.js', state: 'ok', detail: process.version };
}

export function homeFinding(io: CommandIo): Finding {
  const name = 'home';
  try {
    const path = resolveHome(io.env);
    if (existsSync(path)) accessSync(path, constants.W_OK);
    else mkdirSync(dirname(path), { recursive: true });
    const shared = writableByOthers(dirname(path));
    if (shared === null) return { name, state: 'ok', detail: path };
    return { name, state: 'note', detail: `${path}; ${shared}: compiled code is not kept there` };
  } catch (error) {
    const fix = 'set KEEL_HOME to a directory of your own; `keel exec --ephemeral` keeps no record';
    return { name, state: 'missing', detail: reasonOf(error), fix };
  }
}

export async function programFindings({ env, cwd }: CommandIo): Promise<Finding[]> {
  const wanted = [
    { name: 'git', without: 'keel works, but only with --skip-git-repo-check' },
    { name: 'bash', without: 'commands run with /bin/sh' },
  ];
  return Promise.all(
    wanted.map(async ({ name, without }): Promise<Finding> => {
      try {
        const program = findProgram(name, { env, roots: [cwd] });
        if (program.type === 'missing') {
          return { name, state: 'note', detail: printable(`${program.reason}: ${without}`), fix: `install ${name}` };
        }
        const stdout = await programOutput(program.path, ['--version'], { timeoutMs: ANSWER_MS });
        return { name, state: 'ok', detail: stdout.split('\n')[0] ?? '' };
      } catch (error) {
        const isSilent = error instanceof Error && 'killed' in error && error.killed === true;
        const what = isSilent ? `gave no answer within ${ANSWER_MS / 1_000} s` : "can't be started";
        return { name, state: 'note', detail: `${what}: ${without}` };
      }
    }),
  );
}

/** Probes by starting a command in the sandbox. */
export async function sandboxFinding(bwrapPath: string | null): Promise<Finding> {
  const name = 'sandbox';
  const processes = new Processes(`doctor.${randomUUID()}`);
  try {
    const facts = await probeBackend({ processes, bwrapPath, signal: new AbortController().signal });
    if (facts.type === 'unavailable') {
      const fix = 'install bubblewrap; `keel sandbox check` shows what is stopped then';
      return { name, state: 'note', detail: facts.reason, fix };
    }
    if (facts.type === 'landlock') {
      const detail = `Landlock (version ${facts.abi}), which confines less than bubblewrap: ${facts.reason}`;
      return { name, state: 'note', detail, fix: 'install bubblewrap' };
    }
    if (facts.type === 'seatbelt') return { name, state: 'ok', detail: 'the macOS sandbox' };
    return { name, state: 'ok', detail: `bubblewrap at ${facts.path}` };
  } finally {
    processes.close();
  }
}

/** How long login files take: the first command of a session waits for them. */
export async function loginFinding(config: Config): Promise<Finding[]> {
  const name = 'login files';
  if (!config.shellEnvironmentPolicy.useProfile) return [];
  const shell = userShell(programSearch(config));
  const fix = 'shorten them, or set shell_environment_policy.experimental_use_profile = false';
  const started = monotonicMs();
  try {
    await programOutput(shell.path, ['-lc', 'exit'], { timeoutMs: ANSWER_MS });
    const ms = Math.round(monotonicMs() - started);
    const detail = `${shell.name} reads them within ${ms} ms`;
    return [ms < SLOW_LOGIN_MS ? { name, state: 'ok', detail } : { name, state: 'note', detail, fix }];
  } catch (error) {
    const isSilent = error instanceof Error && 'killed' in error && error.killed === true;
    const what = isSilent ? `take longer than ${ANSWER_MS / 1_000} s` : `fail: ${reasonOf(error).split('\n')[0]}`;
    return [{ name, state: 'note', detail: printable(`those of ${shell.name} ${what}`), fix }];
  }
}

/** Files that git neither tracks nor ignores: each snapshot for undo has them, and each search reads them. */
export async function workTreeFinding(config: Config): Promise<Finding> {
  const name = 'work tree';
  const place = { cwd: config.cwd, home: config.home, env: config.env, roots: programSearch(config).roots };
  const found = await uncommittedChanges({ ...place, signal: AbortSignal.timeout(ANSWER_MS) });
  if (found.type === 'notFound') {
    return { name, state: 'note', detail: printable(found.reason), fix: 'run `git init` to be able to undo' };
  }
  const { untracked, staged, unstaged, isCut } = found;
  const files = (count: number, what: string) => `${count}${isCut ? ' or more' : ''} ${what}`;
  const detail = `${files(staged.length + unstaged.length, 'changed')}, ${files(untracked.length, 'neither tracked nor ignored')}`;
  if (untracked.length < MANY_FILES) return { name, state: 'ok', detail };
  return { name, state: 'note', detail, fix: 'add what is built or downloaded to .gitignore' };
}
