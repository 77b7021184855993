import { findProgram, type ProgramSearch } from '../../foundation/util/index.ts';
import { startOutliving } from './start/start-program.ts';

export interface BrowserPlace {
  readonly search: ProgramSearch;
  /** Of the program that opens the address. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Opens a web page in the user's browser. @returns whether there is a program for that, and a screen */
export function openAddress(address: string, { search, env }: BrowserPlace): boolean {
  const isMac = process.platform === 'darwin';
  const hasDisplay = isMac || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
  const program = findProgram(isMac ? 'open' : 'xdg-open', search);
  if (!hasDisplay || program.type === 'missing') return false;
  const child = startOutliving(program.path, [address], { env, stdio: 'ignore' });
  // The address is on the screen for this case.
  child.on('error', () => undefined);
  child.unref();
  return true;
}
