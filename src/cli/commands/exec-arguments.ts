import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { LocalServerKind } from '../../config/index.ts';
import { SandboxMode } from '../../protocol/index.ts';
import { HelpRequested, UsageError } from '../usage.ts';
import { type ExecTarget, readWords } from './exec-target.ts';

/** What `keel exec` was asked for, before configuration is read. */
export interface ExecArguments {
  readonly target: ExecTarget;
  /** Turns of the user that are taken out of the conversation first; null: none. */
  readonly rollback: number | null;
  /** Null: standard input, if there is any. */
  readonly prompt: string | null;
  readonly images: readonly string[];
  readonly model: string | null;
  readonly profile: string | null;
  readonly sandbox: SandboxMode | null;
  readonly cd: string | null;
  readonly addDirs: readonly string[];
  readonly overrides: readonly string[];
  readonly oss: boolean;
  readonly localProvider: LocalServerKind | null;
  readonly strictConfig: boolean;
  readonly outputSchema: string | null;
  readonly lastMessageFile: string | null;
  readonly skipGitRepoCheck: boolean;
  readonly color: 'always' | 'never' | 'auto';
  readonly json: boolean;
  readonly ephemeral: boolean;
  /** Options that are accepted for clients that send them, and have no effect here. */
  readonly ignored: readonly string[];
}

/**
 * Reads the words after `keel exec`. Every option may stand before or after `resume`, since the SDKs write both.
 * @throws UsageError, HelpRequested
 */
export function parseExecArguments(words: readonly string[]): ExecArguments {
  let help = '';
  const command = execCommand().configureOutput({
    writeOut: (text) => {
      help += text;
    },
    writeErr: () => undefined,
  });
  try {
    command.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpRequested(help);
    throw new UsageError(error.message);
  }
  return interpret(command);
}

function execCommand(): Command {
  return new Command('keel exec')
    .description('Work a request to its end without a person at hand.')
    .usage(
      `[options] [prompt | -]
       keel exec resume [options] [id | name | --last [--all]] [--rollback N] [prompt | -]
       keel exec fork [options] [id | name | --last [--all]] [--at N] [prompt | -]`,
    )
    .argument('[words...]', 'the prompt; without one, or with -, it is read from standard input')
    .option('-i, --image <file>', 'image to send before the prompt; repeat it or separate with commas', collectList, [])
    .option('-m, --model <model>', 'model to use')
    .option('--oss', 'use a model on this machine, fetched if it is not there', false)
    .addOption(new Option('--local-provider <name>', 'whose models --oss uses').choices(['ollama', 'lmstudio']))
    .addOption(new Option('-s, --sandbox <mode>', 'how far commands may reach').choices(SandboxMode.options))
    .option('-p, --profile <name>', 'profile of the configuration')
    .option('--full-auto', 'the same as --sandbox workspace-write', false)
    .addOption(
      new Option('--dangerously-bypass-approvals-and-sandbox', 'no sandbox and no questions')
        .default(false)
        .conflicts('fullAuto'),
    )
    .addOption(new Option('--yolo').default(false).hideHelp().conflicts('fullAuto'))
    .option('-C, --cd <dir>', 'working directory')
    .option('--add-dir <dir>', 'further directory that may be written; repeatable', collect, [])
    .option('--skip-git-repo-check', 'run outside a Git repository too', false)
    .option('--output-schema <file>', 'JSON Schema that the final message has to fit')
    .addOption(
      new Option('--color <when>', 'colours in the output').choices(['always', 'never', 'auto']).default('auto'),
    )
    .option('--json', 'print events as JSON lines on stdout', false)
    .addOption(new Option('--experimental-json').default(false).hideHelp())
    .option('-o, --output-last-message <file>', 'write the last message to a file')
    .option('--verify', 'ask once for the check where files were changed after the last one', false)
    .option('--ephemeral', 'keep no record of this thread', false)
    .option('--last', 'with resume or fork: the newest thread of this directory', false)
    .option('--all', 'with --last: of any directory', false)
    .option('--at <n>', 'with fork: keep the first n messages of the user', wholeNumber)
    .option('--rollback <n>', 'with resume: take the last n turns out of the conversation first', positiveNumber)
    .option('-c, --config <key=value>', 'override a setting; repeatable', collect, [])
    .option('--enable <feature>', 'switch a feature on', collect, [])
    .option('--disable <feature>', 'switch a feature off', collect, [])
    .option('--strict-config', 'treat an unknown key in the configuration as an error', false)
    .addOption(new Option('--thread-source <source>').hideHelp())
    .addOption(new Option('--cyber-access-program <program>').hideHelp())
    .helpOption('-h, --help', 'show this help')
    .exitOverride();
}

interface RawOptions {
  readonly image: readonly string[];
  readonly model?: string;
  readonly oss: boolean;
  readonly localProvider?: LocalServerKind;
  readonly sandbox?: SandboxMode;
  readonly profile?: string;
  readonly fullAuto: boolean;
  readonly dangerouslyBypassApprovalsAndSandbox: boolean;
  readonly yolo: boolean;
  readonly cd?: string;
  readonly addDir: readonly string[];
  readonly skipGitRepoCheck: boolean;
  readonly outputSchema?: string;
  readonly color: 'always' | 'never' | 'auto';
  readonly json: boolean;
  readonly experimentalJson: boolean;
  readonly outputLastMessage?: string;
  readonly verify: boolean;
  readonly ephemeral: boolean;
  readonly last: boolean;
  readonly all: boolean;
  readonly at?: number;
  readonly rollback?: number;
  readonly config: readonly string[];
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  readonly strictConfig: boolean;
  readonly threadSource?: string;
  readonly cyberAccessProgram?: string;
}

function interpret(command: Command): ExecArguments {
  const raw = command.opts<RawOptions>();
  const { target, prompt } = readWords(command.args, raw);
  return {
    target,
    rollback: raw.rollback ?? null,
    prompt,
    images: raw.image,
    model: raw.model ?? null,
    profile: raw.profile ?? null,
    sandbox: sandboxOf(raw),
    cd: raw.cd ?? null,
    addDirs: raw.addDir,
    overrides: [
      ...(raw.verify ? ['verify_before_finish="exec"'] : []),
      ...raw.config,
      ...raw.enable.map((feature) => `features.${feature}=true`),
      ...raw.disable.map((feature) => `features.${feature}=false`),
    ],
    oss: raw.oss,
    localProvider: raw.localProvider ?? null,
    strictConfig: raw.strictConfig,
    outputSchema: raw.outputSchema ?? null,
    lastMessageFile: raw.outputLastMessage ?? null,
    skipGitRepoCheck: raw.skipGitRepoCheck,
    color: raw.color,
    json: raw.json || raw.experimentalJson,
    ephemeral: raw.ephemeral,
    ignored: [
      ...(raw.threadSource === undefined ? [] : ['--thread-source']),
      ...(raw.cyberAccessProgram === undefined ? [] : ['--cyber-access-program']),
    ],
  };
}

function sandboxOf(raw: RawOptions): SandboxMode | null {
  if (raw.fullAuto) return 'workspace-write';
  if (raw.dangerouslyBypassApprovalsAndSandbox || raw.yolo) return 'danger-full-access';
  return raw.sandbox ?? null;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function collectList(value: string, before: readonly string[]): string[] {
  const files = value.split(',').filter((file) => file !== '');
  if (files.length === 0) throw new InvalidArgumentError('a file name is expected');
  return [...before, ...files];
}

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('a whole number is expected');
  return Number(value);
}

function positiveNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('a number from 1 is expected');
  return Number(value);
}
