import pty from '@lydell/node-pty';
import { addOwnChild, removeOwnChild } from '../../../src/system/process/start/own-children.ts';

/**
 * Starts a program on a pseudo-terminal. It is the test's child: keel, which may run in this process as well, must not take it for
 * an orphan and collect its exit status.
 */
export function startOnTerminal(...start: Parameters<typeof pty.spawn>): pty.IPty {
  const terminal = pty.spawn(...start);
  addOwnChild(terminal.pid);
  terminal.onExit(() => removeOwnChild(terminal.pid));
  return terminal;
}
