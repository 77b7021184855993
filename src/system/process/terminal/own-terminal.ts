import { existsSync } from 'node:fs';

/** Makes a terminal the program's own; part of util-linux and of busybox. */
const SETSID_PATHS = ['/usr/bin/setsid', '/bin/setsid'];

/**
 * The command line that makes the terminal on its input a program's controlling one. It must not be started as the leader of
 * a group, else what is started is not the program itself.
 * @throws where setsid is not installed
 */
export function ownTerminalArgv(argv: readonly string[]): readonly string[] {
  const setsid = SETSID_PATHS.find((path) => existsSync(path));
  if (setsid === undefined) throw new Error('setsid is missing: install util-linux');
  return [setsid, '-c', '--', ...argv];
}
