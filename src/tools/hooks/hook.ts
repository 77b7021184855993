import { createHash } from 'node:crypto';

/** The moments at which hooks run. */
export const HOOK_EVENTS = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PermissionRequest',
  'PostToolUse',
  'Stop',
  'SubagentStop',
  'PreCompact',
  'PostCompact',
  'Interrupt',
  'Notification',
  'SessionEnd',
] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

/** Whose names for tools and arguments a hook knows: those of the program that its file was written for. */
export type HookFormat = 'keel' | 'claude' | 'codex';

/** Time limits of hooks whose file says nothing, milliseconds. The same as in the programs that the files were written for. */
const DEFAULT_TIMEOUT_MS = 600_000;
const TIMEOUTS_MS: Partial<Record<HookEvent, number>> = {
  UserPromptSubmit: 30_000,
  SessionEnd: 1_500,
  Interrupt: 3_000,
};

/** A command that a file asks to run at an event. */
export interface Hook {
  readonly event: HookEvent;
  /** As written; null: the hook runs whatever the event is about. */
  readonly matcher: string | null;
  /** A rule such as `Bash(git *)` that narrows the matcher; null: there is none. */
  readonly condition: string | null;
  /** For a shell. */
  readonly command: string;
  readonly timeoutMs: number;
  /** It runs beside the session, and its answer is not waited for. */
  readonly isAsync: boolean;
  /** What a hook that fails, or has no time left, means for what it was asked about. */
  readonly onFailure: 'pass' | 'block';
  readonly format: HookFormat;
  /** What the user sees while the hook runs, on one line; null: nothing. */
  readonly statusMessage: string | null;
  /** The file that names it, absolute. */
  readonly file: string;
  /** The project whose file that is, absolute; null: the file is the user's own. */
  readonly project: string | null;
  /** The folder of the plugin whose file that is, absolute; null: it is no plugin's. */
  readonly plugin: string | null;
}

export function defaultTimeoutMs(event: HookEvent): number {
  return TIMEOUTS_MS[event] ?? DEFAULT_TIMEOUT_MS;
}

/** What of a hook decides what it does, in a steady form. */
export function hookText(hook: Hook): string {
  const { event, matcher, condition, command, timeoutMs, isAsync, onFailure, statusMessage } = hook;
  return [
    `event: ${event}`,
    ...(matcher === null ? [] : [`matcher: ${matcher}`]),
    ...(condition === null ? [] : [`if: ${condition}`]),
    `command: ${command}`,
    `timeout: ${timeoutMs / 1_000} s`,
    ...(isAsync ? ['async: true'] : []),
    ...(onFailure === 'block' ? ['onFailure: block'] : []),
    ...(statusMessage === null ? [] : [`statusMessage: ${statusMessage}`]),
  ].join('\n');
}

export function textDigest(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

const MAX_NAMED_CHARS = 80;

/** A hook as messages name it: its event and command, on one line. */
export function hookName({ event, command }: Pick<Hook, 'event' | 'command'>): string {
  const line = command.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  const shown = line.length > MAX_NAMED_CHARS ? `${line.slice(0, MAX_NAMED_CHARS)}...` : line;
  return `${event} hook \`${shown}\``;
}
