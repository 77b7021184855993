import { onOneLine } from '../../../../context/index.ts';
import type { AcceptedHook, HookStanding, LoadedHook } from '../../../../tools/hooks/index.ts';
import { table } from '../../table.ts';

const SHOWN_COMMAND_CHARS = 60;
const ID_CHARS = 10;

/** What a hook is named by on the command line. */
export function idOf(digest: string): string {
  return digest.slice(0, ID_CHARS);
}

export function hookStatus(standing: HookStanding): string {
  switch (standing.type) {
    case 'own':
      return 'runs';
    case 'accepted':
      return 'accepted';
    case 'untrustedProject':
      return 'project not trusted';
    case 'unaccepted':
      return standing.before === null ? 'new' : 'changed';
  }
}

/** The hooks as a table. */
export function hookRows(hooks: readonly LoadedHook[]): string {
  const rows = hooks.map(({ hook, standing }) => [
    digestOf(standing),
    hook.event,
    onOneLine(hook.matcher ?? '*'),
    hookStatus(standing),
    onOneLine(hook.command, SHOWN_COMMAND_CHARS),
    onOneLine(hook.file),
  ]);
  return table(['ID', 'Event', 'Matcher', 'Status', 'Command', 'File'], rows);
}

function digestOf(standing: HookStanding): string {
  if (standing.type === 'accepted') return idOf(standing.digest);
  return standing.type === 'unaccepted' ? idOf(standing.full.digest) : '-';
}

/** What is accepted with a hook: all of it, or what differs from what was accepted before. */
export async function pendingText({
  full,
  before,
}: {
  readonly full: AcceptedHook;
  readonly before: AcceptedHook | null;
}): Promise<string> {
  const id = idOf(full.digest);
  if (before === null) return `${id} (new)\n${indented(full.text)}`;
  const { structuredPatch } = await import('diff');
  const { hunks } = structuredPatch('', '', `${before.text}\n`, `${full.text}\n`);
  return `${id} (changed)\n${indented(hunks.flatMap(({ lines }) => lines).join('\n'))}`;
}

function indented(text: string): string {
  return `${text.replaceAll(/^/gm, '  ')}\n`;
}
