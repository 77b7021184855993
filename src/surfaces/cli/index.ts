import { KeelError, toKeelError } from '../../foundation/protocol/index.ts';
import { nearestName, printable, version } from '../../foundation/util/index.ts';
import { commands, loadTerminal } from './commands.ts';
import { type CommandIo, endWithReader, processIo, written } from './io.ts';
import { note, say } from './output.ts';
import { HelpRequested, UsageError } from './usage.ts';

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

/** Runs the command that the words name. @returns its exit code */
export async function runCommand(io: CommandIo, given: readonly string[]): Promise<number> {
  const argv = withoutAliases(given);
  const [word = '', ...rest] = argv;
  if (word === 'help') return help(io, rest);
  if (word === '--help' || word === '-h') return print(io, await overview());
  if (word === '--version' || word === '-V') return print(io, `keel ${version}\n`);
  const entry = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (!entry && isMistyped(io, argv)) {
    note(io, unknownCommand(word));
    return 2;
  }
  try {
    const command = await (entry === undefined ? loadTerminal() : entry.load());
    return await command.run(io, entry === undefined ? argv : rest, { commands, loadTerminal });
  } catch (error) {
    return reportFailure(io, entry === undefined ? '' : word, error);
  }
}

/** `keel help [COMMAND]`: the same as `keel COMMAND --help`. */
async function help(io: CommandIo, words: readonly string[]): Promise<number> {
  const [word, ...more] = withoutAliases(words);
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') return print(io, await overview());
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

/**
 * `keel e` is `keel exec`, and `keel exec review` is `keel review`. `--print` and `--continue` before a prompt mean here what they
 * mean to other agents: run it without a terminal, and continue the newest thread.
 */
function withoutAliases(words: readonly string[]): readonly string[] {
  const [word, ...rest] = words;
  if (word === undefined) return [];
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const own = words.slice(0, end);
  if (word.startsWith('-') && (own.includes('--print') || own.includes('--continue'))) {
    const options = [...own.filter((one) => one !== '--print' && one !== '--continue'), ...words.slice(end)];
    const resume = own.includes('--continue') ? ['resume', '--last'] : [];
    return own.includes('--print') ? ['exec', ...resume, ...options] : [...resume, ...options];
  }
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
  if (error instanceof HelpRequested) return print(io, (await import('./help-text.ts')).helpText(error.spec));
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
    const { defaultLogPath, resolveHome } = await import('../../storage/config/index.ts');
    const path = defaultLogPath(resolveHome(io.env));
    new FileLog({ path, level: 'error', now: Date.now, secrets: () => secretsOf(io.env) }).crash(error);
  } catch {
    // Without a home there is no log: the sentence on stderr has to do.
  }
}

function print(io: CommandIo, text: string): number {
  say(io, text);
  return 0;
}

/** All commands, and the options of the terminal. */
async function overview(): Promise<string> {
  const { listed, optionList } = await import('./help-text.ts');
  const { spec } = await loadTerminal();
  return `keel ${version}: a coding agent

Usage: keel [options] [PROMPT]     open keel in this terminal
       keel <command> [options]

Commands:
${listed(Object.entries(commands).map(([name, { summary }]) => [name, summary]))}

\`keel help COMMAND\` explains a command. \`keel demo\` needs no key, no network.

${optionList(spec)}
`;
}
