import { openDemo } from '../../../demo/index.ts';
import { runTui, type TuiOptions } from '../../../tui/index.ts';
import type { CommandIo } from '../../io.ts';
import { configText } from '../config.ts';

/** `keel --demo`: the terminal on the built-in model and its small project, which are gone when it is closed. */
export async function runDemoTui(options: TuiOptions, io: CommandIo): Promise<number> {
  await using demo = await openDemo(io.env);
  const { env, loadConfig, notices, settings } = demo;
  const describeConfig = () => configText(settings);
  return await runTui(
    {
      ...options,
      ...{ env, loadConfig, describeConfig, notices },
      // The scripted model is the only one.
      otherProviders: async () => [],
      profile: null,
      isAccessGiven: true,
      canResume: false,
      startDemo: null,
    },
    io,
  );
}
