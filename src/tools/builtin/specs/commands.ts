import { DEFAULT_YIELD_MS, MAX_YIELD_MS } from '../exec-command.ts';
import { DEFAULT_TIMEOUT_MS } from '../run-shell.ts';
import { boolean, described, escalation, functionSpec, number, text } from './schema.ts';

const oneShotEnd =
  'Gives exit code and output. Nothing can be typed in, and it is killed at `timeout_ms`: allow more for builds and tests. Long output loses its middle, with a note.';

const oneShot = {
  workdir: text,
  timeout_ms: described(number, `Time limit; ${DEFAULT_TIMEOUT_MS} if absent.`),
  ...escalation,
};

export const shellSpec = functionSpec({
  name: 'shell',
  description: `Run a program and wait for it to end. \`command\` is its argument list, started as it is; for pipes, globs or && use ["bash","-c","..."]. ${oneShotEnd}`,
  required: ['command'],
  properties: {
    command: { type: 'array', items: text, description: 'Program, then arguments.' },
    ...oneShot,
  },
});

export const shellCommandSpec = functionSpec({
  name: 'shell_command',
  description: `Run a shell script and wait for it to end. ${oneShotEnd}`,
  required: ['command'],
  properties: { command: described(text, 'Script for bash.'), ...oneShot },
});

export const execCommandSpec = functionSpec({
  name: 'exec_command',
  description:
    'Run a shell command. Returns when it ends, with exit code and output. If still going after `yield_time_ms` it keeps running, and you get its output so far and a session id for `write_stdin`: fit for builds, servers and programs that ask things. Long output loses its middle, with a note.',
  required: ['cmd'],
  properties: {
    cmd: described(text, 'Script for bash.'),
    workdir: text,
    yield_time_ms: described(number, `Longest wait; ${DEFAULT_YIELD_MS} if absent, at most ${MAX_YIELD_MS}.`),
    tty: described(boolean, 'Give it a terminal.'),
    ...escalation,
  },
});

export const writeStdinSpec = functionSpec({
  name: 'write_stdin',
  description:
    'Go on with an `exec_command` session: send text, or nothing to wait; gives what was printed since. Enter is \\n, Ctrl-C is \\u0003. At the end you get the exit code and the id is gone. One long wait beats many short ones.',
  required: ['session_id'],
  properties: { session_id: number, chars: described(text, 'Empty only waits.'), yield_time_ms: number },
});
