import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, LoadOptions } from '../../storage/config/index.ts';
import { type ModelServer, message, respond, startModelServer } from '../../testing/index.ts';
import {
  type DemoIo,
  demoConfig,
  demoEnvironment,
  demoSettings,
  hasSandbox,
  makeProject,
  temporaryDirectory,
} from './demo-place.ts';
import { demoPrompt } from './project.ts';
import { demoScript } from './script.ts';

/** A demo that somebody sits in front of. Closing it removes everything. */
export interface OpenDemo extends AsyncDisposable {
  readonly env: DemoIo['env'];
  /** What the user should know first. */
  readonly notices: readonly string[];
  readonly loadConfig: () => Promise<Config>;
  /** Where its settings come from. */
  readonly settings: LoadOptions;
}

/** The same small project and scripted model as `keel demo`, for a surface that the user types into. */
export async function openDemo(env: DemoIo['env']): Promise<OpenDemo> {
  const dir = await temporaryDirectory();
  let server: ModelServer | null = null;
  const close = async () => {
    await server?.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const project = join(dir, 'tide-times');
    await makeProject(project, env);
    await mkdir(join(dir, 'home'), { mode: 0o700 });
    server = await startModelServer(demoScript, { fallback: () => respond(message(THE_END)) });
    const own = demoEnvironment(env, join(dir, 'home'), server.url);
    const hasBackend = await hasSandbox();
    const notices = [
      `This is a demo: the model is scripted. Ask it, for example: ${demoPrompt}`,
      ...(hasBackend
        ? []
        : ['No sandbox works here (`keel doctor` says why): the demo runs its harmless script without one.']),
    ];
    return {
      env: own,
      notices,
      loadConfig: () => demoConfig(own, project, hasBackend),
      settings: demoSettings(own, project, hasBackend),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const THE_END = 'That is all that this scripted model can say. With a real model: see the README, or `keel --help`.';
