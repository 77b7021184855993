import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { version } from '../../foundation/util/index.ts';
import { programOutput, startProgram } from '../../system/process/index.ts';
import { startModelServer } from '../../testing/index.ts';
import { isDumb, runExec, wantsColour } from '../exec/index.ts';
import {
  type DemoIo,
  demoConfig,
  demoEnvironment,
  gitProgram,
  hasSandbox,
  makeProject,
  temporaryDirectory,
} from './demo-place.ts';
import { demoPrompt } from './project.ts';
import { demoScript } from './script.ts';

/**
 * Runs the real agent over the real wire on a small project, with a script in place of the model. Leaves nothing behind.
 * @returns 0 if the project's tests pass at the end
 */
export async function runDemo(io: DemoIo): Promise<number> {
  const dir = await temporaryDirectory();
  const project = join(dir, 'tide-times');
  const color = wantsColour(io.env, Boolean(io.stdout.isTTY));
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
    const config = await demoConfig(env, project, hasBackend);
    const stop = new AbortController();
    const exitCode = await runExec(
      {
        config: { ...config, approvalPolicy: 'never' },
        origin: { type: 'new' },
        version,
        prompt: demoPrompt,
        rollback: null,
        images: [],
        outputSchema: undefined,
        program: null,
        color,
        skipGitRepoCheck: false,
        ephemeral: true,
        lastMessageFile: null,
        originator: 'keel_demo',
      },
      {
        writeOut: (text) => io.stdout.write(text),
        writeErr: (text) => io.stdout.write(text),
        drawLive: null,
        messageTerminal:
          io.stdout.isTTY && !isDumb(io.env)
            ? { columns: io.stdout.columns ?? 80, hasColour: color, write: (text) => io.stdout.write(text) }
            : null,
        isOneOutput: () => true,
        isInteractive: Boolean(io.stdout.isTTY),
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

async function gitDiff(dir: string, env: DemoIo['env'], color: boolean): Promise<string> {
  const args = ['--no-pager', 'diff', '--no-ext-diff', `--color=${color ? 'always' : 'never'}`];
  return programOutput(gitProgram(dir, env), args, { cwd: dir, env });
}

async function runTests(dir: string, env: DemoIo['env'], io: DemoIo): Promise<boolean> {
  const child = startProgram(process.execPath, ['--test'], { cwd: dir, env, stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const chunk of child.stdout ?? []) io.stdout.write(String(chunk));
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  return child.exitCode === 0;
}
