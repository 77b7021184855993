import type { CommandIo } from '../io.ts';
import { laidOut } from '../output.ts';
import type { Finding } from './finding.ts';

/**
 * What the terminal can do, as its environment says. Where the output is a terminal its modes are reset first: a program that
 * was killed may have left it with marked pastes, another keyboard protocol, reports of the mouse, or without a cursor.
 */
export async function terminalFinding(io: CommandIo): Promise<Finding[]> {
  const { env, stdout } = io;
  if (env['TERM'] === undefined && !stdout.isTTY) return [];
  const { RESET_MODES, terminalAbilities } = await import('../../tui/index.ts');
  if (stdout.isTTY) laidOut(io, RESET_MODES);
  const { name, abilities, missing } = terminalAbilities(env);
  const reset = stdout.isTTY ? '; its modes are reset' : '';
  const finding = { name: 'terminal', detail: `${name}: ${abilities.join(', ')}${reset}` };
  if (missing.length === 0) return [{ ...finding, state: 'ok' }];
  return [{ ...finding, state: 'note', detail: `${finding.detail}; without ${missing.join(', ')}` }];
}
