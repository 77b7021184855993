import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { findProgram, reasonOf } from '../../foundation/util/index.ts';
import { type Config, type LoadOptions, loadConfig } from '../../storage/config/index.ts';
import { Processes, programOutput } from '../../system/process/index.ts';
import { probeBackend } from '../../system/sandbox/index.ts';
import { demoProject } from './project.ts';

export interface DemoIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
}

export async function hasSandbox(): Promise<boolean> {
  const processes = new Processes(`demo.${randomUUID()}`);
  try {
    const facts = await probeBackend({ processes, bwrapPath: null, signal: new AbortController().signal });
    return facts.type !== 'unavailable';
  } finally {
    processes.close();
  }
}

/** The directory isn't in keel's home: commands of the demo write there. */
export async function temporaryDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'keel-demo-'));
  } catch (cause) {
    const reason = `the demo needs a temporary directory, and ${tmpdir()} can't be written: ${reasonOf(cause)}`;
    throw new KeelError('storageFailed', `${reason}. Set TMPDIR to another one`, { cause });
  }
}

/** The user's environment without their keys and settings. The Node that runs keel comes first in the path. */
export function demoEnvironment(env: DemoIo['env'], home: string, url: string): Record<string, string | undefined> {
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

export async function makeProject(dir: string, env: DemoIo['env']): Promise<void> {
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

/** Where the settings of the demo come from: the scripted model is set as `-c` sets one. */
export function demoSettings(env: DemoIo['env'], project: string, hasBackend: boolean): LoadOptions {
  return {
    env,
    cwd: project,
    overrides: ['model="gpt-5 (scripted)"'],
    flags: { sandboxMode: hasBackend ? 'workspace-write' : 'danger-full-access' },
  };
}

/** Settings of the demo, without instructions of the user's. */
export async function demoConfig(env: DemoIo['env'], project: string, hasBackend: boolean): Promise<Config> {
  const config = await loadConfig(demoSettings(env, project, hasBackend));
  return { ...config, baseInstructions: null };
}

export function gitProgram(dir: string, env: DemoIo['env']): string {
  const found = findProgram('git', { env, roots: [dir] });
  if (found.type === 'found') return found.path;
  throw new KeelError('invalidInput', `the demo needs git: ${found.reason}`);
}
