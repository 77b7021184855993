import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { byteLength, cutBytesEnd } from '../../foundation/util/index.ts';
import { contextMessage, isContextMessage } from '../context-message.ts';
import { escaped } from '../escape.ts';

/** Room for the names in one list of a note, UTF-8 bytes: the whole note stays below 700. */
const MAX_LIST_BYTES = 180;
const MAX_NAME_CHARS = 100;
/** Limit for a server's own description: the whole note stays below 1,024 bytes. */
const MAX_SERVER_BYTES = 800;
const MAX_SERVER_CHARS = 800;

export interface InterruptedFacts {
  /** Calls that were cut off, in their short form. */
  readonly calls: readonly string[];
  /** Command sessions that still run. */
  readonly sessions: readonly string[];
}

/** The note after a turn that the user stopped. */
export function interruptionNote({ calls, sessions }: InterruptedFacts): ResponseItem {
  return contextMessage(`<turn_aborted>
The user stopped the turn on purpose.
Cut off: ${listed(calls)}.
Still running: ${listed(sessions)}.
A call that was cut off may have done part of its work: look before you repeat it. Wait for what the user says next and don't resume the old task by yourself.
</turn_aborted>`);
}

const MAX_LISTED_FILES = 40;

/** The note after the user undid a turn's file changes. `files`: `A`, `M` or `D` and the path. */
export function undoNote({
  message,
  files,
}: {
  /** The turn's first message; null: it is no longer part of the conversation. */
  readonly message: string | null;
  readonly files: readonly string[];
}): ResponseItem {
  const which =
    message === null
      ? 'a turn that was removed since'
      : `the turn that began with: "${escaped(message, MAX_NAME_CHARS)}"`;
  return contextMessage(`<user_action>
<context>The user undid file changes: the working tree is back to its state before ${which}. The conversation was kept, so what it says about these files may be out of date.</context>
<action>undo</action>
<results>
${files.length === 0 ? 'No file had changed.' : fileLines(files)}
</results>
</user_action>`);
}

function fileLines(files: readonly string[]): string {
  const more = files.length - MAX_LISTED_FILES;
  const shown = files.slice(0, MAX_LISTED_FILES).map((file) => escaped(file));
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/** The note after the user removed turns from the conversation. `files`: what they changed, `A`, `M` or `D` and the path. */
export function rollbackNote({
  turns,
  files,
}: {
  readonly turns: number;
  readonly files: readonly string[];
}): ResponseItem {
  const which = turns === 1 ? 'the last turn' : `the last ${turns} turns`;
  return contextMessage(`<user_action>
<context>The user removed ${which} from this conversation. Files were not reset and may hold changes from ${turns === 1 ? 'that turn' : 'those turns'}.</context>
<action>rollback</action>
<results>
${files.length === 0 ? 'No patch had changed a file; commands may have.' : fileLines(files)}
</results>
</user_action>`);
}

/** Whether a message is a rollback note. */
export function isRollbackNote(item: ResponseItem): boolean {
  if (!isContextMessage(item) || item.type !== 'message') return false;
  return item.content.some((part) => part.type === 'input_text' && part.text.includes('\n<action>rollback</action>\n'));
}

export interface UserShellFacts {
  readonly command: string;
  /** -1: the command was stopped, or did not start. */
  readonly exitCode: number;
  readonly durationMs: number;
  /** Already cut to the limit of a command's output. */
  readonly output: string;
}

/** The record of a command that the user ran beside the conversation. The model does not answer it by itself. */
export function userShellNote({ command, exitCode, durationMs, output }: UserShellFacts): ResponseItem {
  const closed = (text: string) => text.replaceAll(/<(?=\/?(?:user_shell_command|command|result)\b)/gi, '&lt;');
  return contextMessage(`<user_shell_command>
<command>
${closed(command)}
</command>
<result>
Exit code: ${exitCode}
Duration: ${(durationMs / 1_000).toFixed(4)} seconds
Output:
${closed(output)}
</result>
</user_shell_command>`);
}

/** The note at the start of a turn whose tools differ from the last turn's, by their names. */
export function toolsNote({ added, removed }: Readonly<Record<'added' | 'removed', readonly string[]>>): ResponseItem {
  const text = `The tool list changed: added ${listed(added)}; removed ${listed(removed)}.`;
  return contextMessage(`<keel_note kind="tools">${text}</keel_note>`);
}

/** The note, at the start of a thread, with the instructions of an MCP server that the user lets the model see. */
export function serverNote({ server, text }: Readonly<Record<'server' | 'text', string>>): ResponseItem {
  const lead = `The MCP server ${escaped(server)} says of its tools: `;
  const said = cutBytesEnd(escaped(text, MAX_SERVER_CHARS), MAX_SERVER_BYTES);
  return contextMessage(`<keel_note kind="server">${lead}${said}</keel_note>`);
}

/** The note behind a run that ended while commands still ran. `sessions`: those, one line each. */
export function endedWithRunNote(sessions: readonly string[]): ResponseItem {
  return contextMessage(
    `<keel_note kind="sessions">The run ended, and with it what still ran: ${listed(sessions)}. Start again what is needed.</keel_note>`,
  );
}

/** Ended sessions that one note describes. */
const MAX_ENDED = 8;
const MAX_ENDED_CHARS = 800;

/** The note, before a message of the user, on sessions that ended since the last call. `texts`: what is announced of each. */
export function endedSessionsNote(texts: readonly string[]): ResponseItem {
  const more = texts.length - MAX_ENDED;
  const shown = texts.slice(0, MAX_ENDED).map((text) => escaped(text, MAX_ENDED_CHARS));
  const lines = more > 0 ? [...shown, `${more} more sessions have ended.`] : shown;
  return contextMessage(`<keel_note kind="sessions">${lines.join('\n')}</keel_note>`);
}

/** Asks, before a turn ends, for a check of its last edits. `check`: the last check that ran; null: none did. */
export function verifyNote({ files, check }: { readonly files: readonly string[]; readonly check: string | null }) {
  const since =
    check === null ? 'and no check has run' : `after the last check that ran (${escaped(check, MAX_NAME_CHARS)})`;
  return contextMessage(
    `<keel_note kind="verify">Before this ends: ${listed(files)} changed ${since}. Run the check that covers the change and report its result, or say in one line why none applies.</keel_note>`,
  );
}

/** Asks, before a turn ends, about the open steps of its plan. */
export function planNote(steps: readonly string[]): ResponseItem {
  return contextMessage(
    `<keel_note kind="plan">The plan still has open steps: ${listed(steps)}. Finish them, or mark them as dropped with the reason, then end.</keel_note>`,
  );
}

/** The note in a resumed thread whose last turn ended with keel itself. */
export function crashNote(calls: readonly string[]): ResponseItem {
  return contextMessage(`<turn_aborted>
keel ended unexpectedly during the turn and has been restarted.
Cut off: ${listed(calls)}.
Files are as they were left. Look at them before you repeat anything.
</turn_aborted>`);
}

/** The first names that fit, and the number of the others. */
function listed(names: readonly string[]): string {
  const shown: string[] = [];
  let room = MAX_LIST_BYTES;
  for (const name of names) {
    const text = escaped(name, MAX_NAME_CHARS);
    room -= byteLength(text) + 2;
    if (room < 0 && shown.length > 0) break;
    shown.push(text);
  }
  if (shown.length === 0) return 'nothing';
  const hidden = names.length - shown.length;
  return hidden === 0 ? shown.join('; ') : `${shown.join('; ')}; and ${hidden} more`;
}

/** What a hook of the user's says to the model. */
export function hookNote(text: string): ResponseItem {
  const inside = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return contextMessage(
    `<keel_note kind="hook">A program that the user has set up for this moment says:\n${inside}</keel_note>`,
  );
}

/** Asks for the final message again, which does not fit the schema of the task. */
export function formNote(fault: string): ResponseItem {
  return contextMessage(`<keel_note kind="form">Your final message does not fit the output schema that this task asks for: ${escaped(fault)}
Answer again with the whole final message: only JSON that fits the schema, without any text or fence around it.</keel_note>`);
}
