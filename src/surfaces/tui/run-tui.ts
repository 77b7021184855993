import { ReadStream, WriteStream } from 'node:tty';
import { KeelError } from '../../foundation/protocol/index.ts';
import { uuidV7 } from '../../foundation/util/index.ts';
import { TerminalSession } from './effects/terminal-session.ts';
import { World } from './effects/world.ts';
import { tokensLine } from './figures.ts';
import type { TuiOptions } from './options.ts';
import { Runtime } from './runtime.ts';
import { initialState, type State } from './state.ts';

/** The terminal that keel was started in. */
export interface TuiIo {
  readonly stdin: unknown;
  readonly stdout: unknown;
}

/** How long what runs may take to stop when keel is closed, ms. */
const CLOSE_GRACE_MS = 2_000;

/**
 * Opens keel in the terminal, until the user leaves it or a signal ends it.
 * @returns the exit code
 * @throws KeelError if the configuration can't be read; the terminal is as it was then
 */
export async function runTui(options: TuiOptions, { stdin, stdout }: TuiIo): Promise<number> {
  if (!(stdin instanceof ReadStream) || !(stdout instanceof WriteStream)) {
    throw new KeelError('invalidInput', 'keel needs a terminal as its input and output');
  }
  const { promise: ended, resolve: exit } = Promise.withResolvers<number>();
  const terminal: TerminalSession = new TerminalSession({
    stdin,
    stdout,
    env: options.env,
    isAppending: options.isForScreenReader,
    dispatch: (message) => runtime.dispatch(message),
  });
  const runtime: Runtime = new Runtime({
    state: initialState(terminal.size(), performance.now(), uuidV7(Date.now()), options),
    screen: terminal,
    run: (effect) => world.run(effect),
    announce: (title, progress) => terminal.announce(title, progress),
  });
  const world = new World(options, { terminal, exit }, (message) => runtime.dispatch(message));
  const killAll = () => world.killProcesses();
  process.once('exit', killAll);
  terminal.open();
  runtime.paint();
  let code = 1;
  try {
    code = await Promise.race([ended, world.start().then(() => ended)]);
  } finally {
    runtime.paint(true);
    await world.close(CLOSE_GRACE_MS);
    runtime.close();
    await terminal.settle();
    terminal.close();
    process.off('exit', killAll);
  }
  if (options.canResume) for (const line of farewell(runtime.state, terminal.isAppending)) stdout.write(`${line}\n`);
  return code;
}

/** What is left on the screen: what was used, unless it would be read out, and how to come back. */
function farewell({ thread, usage }: State, isAppending: boolean): string[] {
  if (thread === null || thread.messages.length === 0) return [];
  const total = isAppending ? undefined : usage.info?.total_token_usage;
  const name = thread.name !== null && /^[\w.-]+$/.test(thread.name) ? thread.name : thread.id;
  return [...(total === undefined ? [] : [tokensLine(total)]), `To continue: keel resume ${name}`];
}
