import { parseArgs } from 'node:util';
import { type Command, commands } from './commands.ts';

const USAGE = `keel-fleet: keel's turns on many workers, kept by a Restate server that you run

${Object.entries(commandLines())
  .map(([usage, about]) => `  ${usage.padEnd(46)}${about}`)
  .join('\n')}

  --dir DIR    the folder of a fleet on this machine (default: KEEL_FLEET_DIR, else ~/.keel-fleet)
  --url URL    the front of an installed fleet (default: KEEL_FLEET_URL) for run, batch, ls, watch, answer, steer, interrupt, stop
               and doctor. The token is in KEEL_FLEET_TOKEN or --token-file; operators name the engine's admin port: --admin
  --clone URL, --worktree NAME, --directory NAME, --revision REV    where a thread of \`run\` works, in place of --cwd
  --help       this text
`;

/** Runs a command of `keel-fleet`. @returns the exit code: 0, 1 for a failure, 2 for a wrong command line, 3 for a turn that waits */
export async function runCli(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(USAGE);
    return name === undefined ? 2 : 0;
  }
  const command = commands[name];
  if (command === undefined) return wrong(`there is no command "${name}"`);
  const given = parsed(command, rest);
  if (typeof given === 'string') return wrong(given);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  try {
    return await command.run({ ...given, env: process.env, signal: stop.signal, print, log });
  } catch (error) {
    if (stop.signal.aborted) return 130;
    log(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function commandLines(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(commands).map(([name, { usage, about }]) => [`${name} ${usage}`.trim(), about]),
  );
}

function parsed(command: Command, args: readonly string[]) {
  try {
    const options = { ...command.options, dir: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (positionals.length < command.takes[0] || positionals.length > command.takes[1])
      return `usage: ${command.usage}`;
    return { values, words: positionals };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wrong(message: string): number {
  log(`${message}\n\n${USAGE}`);
  return 2;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function log(line: string): void {
  process.stderr.write(`keel-fleet: ${line}\n`);
}
