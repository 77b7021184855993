import { findProgram, type ProgramSearch } from '../../foundation/util/index.ts';
import { startOutliving } from './start/start-program.ts';

export interface BrowserPlace {
  readonly search: ProgramSearch;
  /** Environment of the program that opens the address. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Opens a web page in the user's browser. @returns whether there is a program for that, and a screen */
export function openAddress(address: string, { search, env }: BrowserPlace): boolean {
  const program = browserProgram({ search, env });
  if (program === null) return false;
  const child = startOutliving(program, [address], { env, stdio: 'ignore' });
  // The address is on the screen for this case.
  child.on('error', () => undefined);
  child.unref();
  return true;
}

/** Whether `openAddress` can open a page. */
export function canOpenAddresses(place: BrowserPlace): boolean {
  return browserProgram(place) !== null;
}

function browserProgram({ search, env }: BrowserPlace): string | null {
  const isMac = process.platform === 'darwin';
  const hasDisplay = isMac || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
  const program = findProgram(isMac ? 'open' : 'xdg-open', search);
  return hasDisplay && program.type !== 'missing' ? program.path : null;
}
