import type { ToolCallLocation, ToolKind } from '@agentclientprotocol/sdk';
import type { CommandAction, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { cutMiddle, printable } from '../../../foundation/util/index.ts';
import { fenced } from './content.ts';

/** Most UTF-8 bytes of a command's output that a client is sent at once. */
const MAX_OUTPUT_BYTES = 64 * 1024;

type Command = ThreadItemOf<'commandExecution'>;

/** What a command is for, as far as its words say. */
export function commandKind({ commandActions }: Pick<Command, 'commandActions'>): ToolKind {
  const types = new Set(commandActions.map(({ type }) => type));
  if (types.size === 0 || types.has('unknown')) return 'execute';
  return types.size === 1 && types.has('read') ? 'read' : 'search';
}

/** The files that it reads, where their place is known. */
export function commandLocations({ commandActions, cwd }: Pick<Command, 'commandActions' | 'cwd'>): ToolCallLocation[] {
  return commandActions.flatMap((action) => pathOf(action) ?? []).map((path) => ({ path: absolute(path, cwd) }));
}

/** A command and what it printed, as a client without terminals shows it. */
export function commandContent({ command, aggregatedOutput, exitCode, status, reason }: Command): string {
  const output = cutMiddle(printable(aggregatedOutput ?? ''), MAX_OUTPUT_BYTES);
  const block = fenced(`$ ${printable(command)}\n${output}`, 'console');
  const end = reason ?? endText(status, exitCode);
  return end === '' ? block : `${block}\n\n${end}`;
}

function endText(status: Command['status'], exitCode: number | null): string {
  if (status === 'declined') return 'It was not run.';
  if (status === 'interrupted') return 'It was interrupted.';
  return exitCode === null || exitCode <= 0 ? '' : `Exit code ${exitCode}.`;
}

function pathOf(action: CommandAction): string | null {
  return action.type === 'unknown' ? null : action.path;
}

function absolute(path: string, cwd: string): string {
  return path.startsWith('/') ? path : `${cwd.replace(/\/$/, '')}/${path}`;
}
