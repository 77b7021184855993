import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { styleText } from 'node:util';
import { KeelError } from '../../foundation/protocol/index.ts';
import { findProgram, reasonOf, version } from '../../foundation/util/index.ts';
import { loadConfig } from '../../storage/config/index.ts';
import { Processes, programOutput, startProgram } from '../../system/process/index.ts';
import { probeBackend } from '../../system/sandbox/index.ts';
import { startModelServer } from '../../testing/index.ts';
import { runExec } from '../exec/index.ts';
import { demoProject, demoPrompt } from './project.ts';
import { demoScript } from './script.ts';

interface DemoIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
}

/**
 * Runs the real agent over the real wire on a small project, with a script in place of the model. Leaves nothing behind.
 * @returns 0 if the project's tests pass at the end
 */
export async function runDemo(io: DemoIo): Promise<number> {
  const dir = await temporaryDirectory();
  const project = join(dir, 'tide-times');
  const color = Boolean(io.stdout.isTTY) && !io.env['NO_COLOR'];
  const title = (text: string) =>
    io.stdout.write(`\n${color ? styleText('bold', text, { validateStream: false }) : text}\n`);
  try {
    title('keel demo: the model is scripted, everything else is real');
    await makeProject(project, io.env);
    await mkdir(join(dir, 'home'), { mode: 0o700 });
    await using server = await startModelServer(demoScript);
    const env = demoEnvironment(io.env, join(dir, 'home'), server.url);
    const hasBackend = await hasSandbox();
    if (!hasBackend) {
      io.stdout.write(
        'No sandbox works here (`keel doctor` says why); the demo runs its own harmless script without one.\n',
      );
    }
    const config = await loadConfig({
      env,
      cwd: project,
      overrides: ['model="gpt-5 (scripted)"'],
      flags: { sandboxMode: hasBackend ? 'workspace-write' : 'danger-full-access' },
    });
    const stop = new AbortController();
    const exitCode = await runExec(
      {
        config: { ...config, approvalPolicy: 'never', baseInstructions: null },
        origin: { type: 'new' },
        version,
        prompt: demoPrompt,
        rollback: null,
        images: [],
        outputSchema: undefined,
        jsonl: null,
        color,
        skipGitRepoCheck: false,
        ephemeral: true,
        lastMessageFile: null,
        originator: 'keel_demo',
      },
      {
        writeOut: (text) => io.stdout.write(text),
        writeErr: (text) => io.stdout.write(text),
        stop: stop.signal,
        onExit: (kill) => process.once('exit', kill),
      },
    );
    title('The change, as git sees it');
    io.stdout.write(await gitDiff(project, env, color));
    title('The test suite');
    const testsPass = await runTests(project, env, io);
    io.stdout.write('\nNow with a real model: see the README, or `keel exec --help`.\n');
    return exitCode === 0 && testsPass ? 0 : 1;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function hasSandbox(): Promise<boolean> {
  const processes = new Processes(`demo.${randomUUID()}`);
  try {
    const facts = await probeBackend({ processes, bwrapPath: null, signal: new AbortController().signal });
    return facts.type !== 'unavailable';
  } finally {
    processes.close();
  }
}

/** The directory isn't in keel's home: commands of the demo write there. */
async function temporaryDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'keel-demo-'));
  } catch (cause) {
    const reason = `the demo needs a temporary directory, and ${tmpdir()} can't be written: ${reasonOf(cause)}`;
    throw new KeelError('storageFailed', `${reason}. Set TMPDIR to another one`, { cause });
  }
}

/** The user's environment without their keys and settings. The Node that runs keel comes first in the path. */
function demoEnvironment(env: DemoIo['env'], home: string, url: string): Record<string, string | undefined> {
  return {
    PATH: `${dirname(process.execPath)}:${env['PATH'] ?? ''}`,
    HOME: env['HOME'],
    TERM: env['TERM'],
    LANG: env['LANG'],
    KEEL_HOME: home,
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: 'demo',
  };
}

async function makeProject(dir: string, env: DemoIo['env']): Promise<void> {
  for (const [path, text] of Object.entries(demoProject)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  const author = { GIT_AUTHOR_NAME: 'keel', GIT_AUTHOR_EMAIL: 'demo@keel.invalid' };
  const committer = { GIT_COMMITTER_NAME: 'keel', GIT_COMMITTER_EMAIL: 'demo@keel.invalid' };
  const options = { cwd: dir, env: { PATH: env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', ...author, ...committer } };
  const git = gitProgram(dir, env);
  await programOutput(git, ['init', '--quiet', '--initial-branch=main'], options);
  await programOutput(git, ['add', '.'], options);
  await programOutput(git, ['commit', '--quiet', '--message=A library with a bug'], options);
}

async function gitDiff(dir: string, env: DemoIo['env'], color: boolean): Promise<string> {
  const args = ['--no-pager', 'diff', '--no-ext-diff', `--color=${color ? 'always' : 'never'}`];
  return programOutput(gitProgram(dir, env), args, { cwd: dir, env });
}

function gitProgram(dir: string, env: DemoIo['env']): string {
  const found = findProgram('git', { env, roots: [dir] });
  if (found.type === 'found') return found.path;
  throw new KeelError('invalidInput', `the demo needs git: ${found.reason}`);
}

async function runTests(dir: string, env: DemoIo['env'], io: DemoIo): Promise<boolean> {
  const child = startProgram(process.execPath, ['--test'], { cwd: dir, env, stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const chunk of child.stdout ?? []) io.stdout.write(String(chunk));
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  return child.exitCode === 0;
}
