import { isAbsolute, resolve } from 'node:path';
import { KeelError } from '../../../../foundation/protocol/index.ts';
import { version } from '../../../../foundation/util/index.ts';
import type { LoadOptions } from '../../../../storage/config/index.ts';
import { type ProviderChoice, runTui, type TuiOptions } from '../../../tui/index.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { placedFlags } from '../../session-options.ts';
import type { Worktree } from '../../worktree.ts';
import { parseTuiArguments, type TuiArguments, terminalSpecs } from './tui-arguments.ts';

type Verb = keyof typeof terminalSpecs;

/** `keel [PROMPT]`, `keel resume` and `keel fork` in a terminal. */
export const terminalCommand = terminal('new');
export const resumeCommand = terminal('resume');
export const forkCommand = terminal('fork');

function terminal(verb: Verb): Command {
  return { spec: terminalSpecs[verb], run: (io, words) => openTerminal(io, verb, words) };
}

async function openTerminal(io: CommandIo, verb: Verb, words: readonly string[]): Promise<number> {
  const args = parseTuiArguments(verb, words);
  if (!io.stdin.isTTY || !io.stdout.isTTY) {
    const instead = verb === 'new' ? 'keel exec' : `keel exec ${verb}`;
    throw new KeelError(
      'invalidInput',
      `the interactive ${verb === 'new' ? 'keel' : `keel ${verb}`} needs a terminal; without one use \`${instead}\``,
    );
  }
  let isDemo = args.isDemo;
  const startDemo = () => {
    isDemo = true;
  };
  await using tree = await worktreeFor(io, args);
  const options = { ...optionsOf(io, tree === null ? args : { ...args, cd: tree.cwd }), startDemo };
  const code = isDemo ? 0 : await runTui(options, io);
  return isDemo ? (await import('./tui-demo.ts')).runDemoTui(options, io) : code;
}

/** Null: the thread has the working directory itself. */
async function worktreeFor(io: CommandIo, { worktree, cd }: TuiArguments): Promise<Worktree | null> {
  if (worktree === null) return null;
  const { openWorktree } = await import('../../worktree.ts');
  return await openWorktree(io, resolve(io.cwd, cd ?? ''), worktree.name);
}

function optionsOf(io: CommandIo, args: TuiArguments): Omit<TuiOptions, 'startDemo'> {
  const load: LoadOptions = {
    env: io.env,
    cwd: args.cd !== null && isAbsolute(args.cd) ? args.cd : resolve(io.cwd, args.cd ?? ''),
    overrides: args.overrides,
    flags: placedFlags(args.flags, io.cwd),
    strict: args.strictConfig,
  };
  return {
    version,
    env: io.env,
    origin: args.target,
    prompt: args.prompt,
    isForScreenReader: args.isForScreenReader,
    images: args.images.map((path) => resolve(io.cwd, path)),
    loadConfig: async (choice) =>
      (await import('../../../../storage/config/index.ts')).loadConfig(
        choice === undefined ? load : withChoice(load, choice),
      ),
    loadTrusted: async () => {
      const { loadConfigWithOrigins } = await import('../../../../storage/config/index.ts');
      return await loadConfigWithOrigins({ ...load, flags: { ...load.flags, trusted: true } });
    },
    otherProviders: async (inUse) => {
      const { loadConfigWithOrigins, otherProviders } = await import('../../../../storage/config/index.ts');
      return otherProviders(await loadConfigWithOrigins(load), inUse);
    },
    profile: args.flags.profile ?? null,
    describeConfig: async () => (await import('../config.ts')).configText(load),
    isAccessGiven: args.flags.sandboxMode !== undefined || args.flags.approvalPolicy !== undefined,
    canResume: true,
    notices: [],
  };
}

/** The user's choice comes before what the command line says of provider and model. */
function withChoice(load: LoadOptions, { provider, model }: ProviderChoice): LoadOptions {
  const { oss: _oss, localProvider: _local, ...flags } = load.flags;
  const overrides = [...load.overrides, `model_provider=${JSON.stringify(provider)}`];
  return { ...load, overrides, flags: { ...flags, model } };
}
