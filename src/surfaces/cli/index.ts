import { join } from 'node:path';
import { KeelError, toKeelError } from '../../foundation/protocol/index.ts';
import { nearestName, printable, version } from '../../foundation/util/index.ts';
import { type CommandIo, endWithReader, processIo, written } from './io.ts';
import { note, say } from './output.ts';
import { HelpRequested, UsageError } from './usage.ts';

/** Runs a subcommand with the words after its name; resolves with the exit code. */
type CommandRun = (io: CommandIo, words: readonly string[]) => Promise<number>;

interface CommandEntry {
  readonly summary: string;
  /** Loads the command's code: each command is a chunk of its own. */
  readonly load: () => Promise<CommandRun>;
}

const commands: Readonly<Record<string, CommandEntry>> = {
  exec: {
    summary: 'run a request to completion, non-interactively',
    load: async () => (await import('./commands/exec/exec.ts')).execCommand,
  },
  resume: {
    summary: 'continue a recorded thread in this terminal',
    load: () => interactive('resume'),
  },
  fork: {
    summary: 'start a new thread in this terminal from another one',
    load: () => interactive('fork'),
  },
  review: {
    summary: 'have a separate reviewer look at a change',
    load: async () => (await import('./commands/exec/review.ts')).reviewCommand,
  },
  demo: {
    summary: 'watch keel fix a small project, with a scripted model',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  config: {
    summary: 'show the settings in force and where each comes from',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  doctor: {
    summary: 'check this machine and the configuration',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  sandbox: {
    summary: 'run a command in the sandbox, explain or check the sandbox',
    load: async () => (await import('./commands/sandbox.ts')).sandboxCommand,
  },
  execpolicy: {
    summary: 'test rules for commands',
    load: async () => (await import('./commands/execpolicy.ts')).execpolicyCommand,
  },
  mcp: {
    summary: 'show the configured MCP servers',
    load: async () => (await import('./commands/mcp.ts')).mcpCommand,
  },
  skills: {
    summary: 'list the skills found here',
    load: async () => (await import('./commands/skills.ts')).skillsCommand,
  },
  threads: {
    summary: 'list, search, name, archive and roll back recorded threads',
    load: async () => (await import('./commands/threads.ts')).threadsCommand,
  },
  export: {
    summary: 'write a thread as one readable page or as Markdown',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  replay: {
    summary: 'run a recorded thread again and check that keel would send the same',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  login: {
    summary: 'store an API key, or show which one is used',
    load: async () => (await import('./commands/login.ts')).loginCommand,
  },
  logout: {
    summary: 'remove the stored API key',
    load: async () => (await import('./commands/login.ts')).logoutCommand,
  },
  debug: {
    summary: 'print exactly what would be sent to the model',
    load: async () => (await import('./commands/debug.ts')).debugCommand,
  },
  generate: {
    summary: 'write the protocol as JSON Schema or TypeScript',
    load: async () => (await import('./commands/generate.ts')).generateCommand,
  },
  'apply-patch': {
    summary: 'apply a patch in the format of the agent',
    load: async () => (await import('./commands/apply-patch.ts')).applyPatchCommand,
  },
};

/** Opens the terminal; no other command loads any of it. */
async function interactive(verb: 'new' | 'resume' | 'fork'): Promise<CommandRun> {
  const { tuiCommand } = await import('./commands/tui.ts');
  return (io, words) => tuiCommand(io, verb, words);
}

/** The program: runs the command that the arguments name and sets the exit code. */
export async function main(): Promise<void> {
  const io = processIo();
  process.once('uncaughtException', (error) => endByBug(io, error));
  endWithReader(io.stdout);
  endWithReader(io.stderr);
  const exitCode = await runCommand(io, process.argv.slice(2));
  await Promise.all([written(io.stdout), written(io.stderr)]);
  // Nothing is left to do. Node would take down its heap piece by piece first, which takes as long as all else at the end.
  process.exit(exitCode);
}

/** An error that nothing caught, of a promise too: the user gets a sentence, the log the stack. */
function endByBug(io: CommandIo, error: unknown): void {
  // Where stderr is what fails, writing to it fails too.
  process.on('uncaughtException', () => process.exit(1));
  note(io, `keel: ${printable(toKeelError(error).message)}\n`);
  logCrash(io, error).finally(() => process.exit(1));
}

async function runCommand(io: CommandIo, argv: readonly string[]): Promise<number> {
  const [word = '', ...rest] = withoutAliases(argv);
  if (word === 'help') return help(io, rest);
  if (word === '--help' || word === '-h') return print(io, helpText());
  if (word === '--version' || word === '-V') return print(io, `keel ${version}\n`);
  const entry = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (!entry && isMistyped(io, argv)) {
    note(io, unknownCommand(word));
    return 2;
  }
  try {
    const run = entry === undefined ? await interactive('new') : await entry.load();
    return await run(io, entry === undefined ? argv : rest);
  } catch (error) {
    return reportFailure(io, entry === undefined ? '' : word, error);
  }
}

/** `keel help [COMMAND]`: the same as `keel COMMAND --help`. */
async function help(io: CommandIo, words: readonly string[]): Promise<number> {
  const [word, ...more] = withoutAliases(words);
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') return print(io, helpText());
  if (!Object.hasOwn(commands, word)) {
    note(io, unknownCommand(word));
    return 2;
  }
  if (more.length > 0) {
    note(io, `keel help: unexpected word: ${printable(more[0] ?? '')}\n`);
    return 2;
  }
  return runCommand(io, [word, '--help']);
}

/** `keel e` is `keel exec`, and `keel exec review` is `keel review`. */
function withoutAliases([word, ...rest]: readonly string[]): readonly string[] {
  if (word === undefined) return [];
  const name = word === 'e' ? 'exec' : word;
  return name === 'exec' && rest[0] === 'review' ? rest : [name, ...rest];
}

/** Words that name no command are a prompt, except those that a script or a slip of the hand meant as a command. */
function isMistyped({ stdin, stdout }: CommandIo, [word = '', ...rest]: readonly string[]): boolean {
  if (word === '' || word.startsWith('-') || /\s/.test(word)) return false;
  return rest.length > 0 || !stdin.isTTY || !stdout.isTTY || nearestName(word, Object.keys(commands)) !== null;
}

function unknownCommand(word: string): string {
  const nearest = nearestName(word, Object.keys(commands));
  const hint = nearest === null ? '' : ` Did you mean \`keel ${nearest}\`?`;
  return `keel: there is no command "${printable(word)}".${hint} \`keel help\` lists them.\n`;
}

async function reportFailure(io: CommandIo, name: string, error: unknown): Promise<number> {
  if (error instanceof HelpRequested) return print(io, error.text);
  if (error instanceof UsageError) {
    const command = `keel ${name}`.trimEnd();
    note(io, `${command}: ${printable(error.message)}\nSee \`${command} --help\`.\n`);
    return 2;
  }
  if (!(error instanceof KeelError)) await logCrash(io, error);
  note(io, `keel: ${printable(toKeelError(error).message)}\n`);
  return 1;
}

/** Writes the stack of a bug to the log file. Its modules are loaded here: a start without a crash needs none of them. */
async function logCrash(io: CommandIo, error: unknown): Promise<void> {
  try {
    const { FileLog } = await import('../../engine/session/index.ts');
    const { secretsOf } = await import('../../foundation/secrets/index.ts');
    const { resolveHome } = await import('../../storage/config/index.ts');
    new FileLog(join(resolveHome(io.env), 'log', 'keel.log'), Date.now, () => secretsOf(io.env)).crash(error);
  } catch {
    // Without a home there is no log: the sentence on stderr has to do.
  }
}

function print(io: CommandIo, text: string): number {
  say(io, text);
  return 0;
}

function helpText(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `keel ${version}: a coding agent

Usage: keel [options] [PROMPT]     open keel in this terminal
       keel <command> [options]

Commands:
${rows.join('\n')}

\`keel help <command>\` explains a command. \`keel demo\` needs no key and no network.
`;
}
