import { KeelError, toKeelError } from '../../foundation/protocol/index.ts';
import { printable, version } from '../../foundation/util/index.ts';
import { type CommandIo, endWithReader, processIo } from './io.ts';
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
    summary: 'work a request to its end without a person at hand',
    load: async () => (await import('./commands/exec.ts')).execCommand,
  },
  resume: {
    summary: 'continue a recorded thread in this terminal',
    load: () => interactive('resume'),
  },
  fork: {
    summary: 'start a new thread in this terminal as a copy of another one',
    load: () => interactive('fork'),
  },
  review: {
    summary: 'have a change looked at by a separate reviewer',
    load: async () => (await import('./commands/review.ts')).reviewCommand,
  },
  demo: {
    summary: 'watch keel mend a small project, with a built-in model',
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
    summary: 'run, explain or check what holds commands in',
    load: async () => (await import('./commands/sandbox.ts')).sandboxCommand,
  },
  execpolicy: {
    summary: 'try out rules about commands',
    load: async () => (await import('./commands/execpolicy.ts')).execpolicyCommand,
  },
  mcp: {
    summary: 'show the configured MCP servers',
    load: async () => (await import('./commands/mcp.ts')).mcpCommand,
  },
  skills: {
    summary: 'show the skills found here',
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
    summary: 'run a recorded thread again, and see whether keel would still do the same',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  login: {
    summary: 'store an API key, or see which one is used',
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
    summary: 'apply a patch in the format that the agent writes',
    load: async () => (await import('./commands/apply-patch.ts')).applyPatchCommand,
  },
};
const aliases: Readonly<Record<string, string>> = { e: 'exec' };

/** What keel does in a terminal; no other command loads any of it. */
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
  process.exitCode = await runCommand(io, process.argv.slice(2));
}

/** What nobody caught, a promise's failure included: the user gets a sentence, the log the stack. */
function endByBug(io: CommandIo, error: unknown): void {
  // Where stderr is what fails, telling it fails too.
  process.on('uncaughtException', () => process.exit(1));
  note(io, `keel: ${printable(toKeelError(error).message)}\n`);
  import('./crash-report.ts').then(({ reportCrash }) => reportCrash(io, error)).finally(() => process.exit(1));
}

async function runCommand(io: CommandIo, argv: readonly string[]): Promise<number> {
  const [word = '', ...rest] = argv;
  if (word === 'help' || word === '--help' || word === '-h') return tell(io, helpText(), 0);
  if (word === '--version' || word === '-V') return tell(io, `keel ${version}\n`, 0);
  const name = aliases[word] ?? word;
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry && isMistyped(io, argv)) {
    note(io, `keel: there is no command "${word}". \`keel help\` lists them.\n`);
    return 2;
  }
  try {
    const run = entry === undefined ? await interactive('new') : await entry.load();
    return await run(io, entry === undefined ? argv : rest);
  } catch (error) {
    return tellFailure(io, entry === undefined ? '' : name, error);
  }
}

/** Words that are no command are a prompt, but for those that a script or a slip of the hand meant as one. */
function isMistyped({ stdin, stdout }: CommandIo, [word = '', ...rest]: readonly string[]): boolean {
  if (word === '' || word.startsWith('-') || /\s/.test(word)) return false;
  return rest.length > 0 || !stdin.isTTY || !stdout.isTTY;
}

async function tellFailure(io: CommandIo, name: string, error: unknown): Promise<number> {
  if (error instanceof HelpRequested) return tell(io, error.text, 0);
  if (error instanceof UsageError) {
    const command = `keel ${name}`.trimEnd();
    note(io, `${command}: ${printable(error.message)}\nSee \`${command} --help\`.\n`);
    return 2;
  }
  if (!(error instanceof KeelError)) await (await import('./crash-report.ts')).reportCrash(io, error);
  note(io, `keel: ${printable(toKeelError(error).message)}\n`);
  return 1;
}

function tell(io: CommandIo, text: string, code: number): number {
  say(io, text);
  return code;
}

function helpText(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `keel ${version}: a coding agent

Usage: keel [options] [PROMPT]     open keel in this terminal
       keel <command> [options]

Commands:
${rows.join('\n')}

\`keel <command> --help\` tells more. A first look that needs no key: keel demo
`;
}
