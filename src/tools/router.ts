import type { CallItem, OutputItem } from '../foundation/protocol/index.ts';
import { cutBytesEnd, reasonOf } from '../foundation/util/index.ts';
import { withNote } from './appended-note.ts';
import { ignoredFieldsNote, inFormOf, plainToolName } from './call-forms.ts';
import type { ToolRegistry } from './registry.ts';
import type { ToolCall, ToolOutput } from './tool-call.ts';
import type { ToolContext } from './types.ts';

const runners = ['exec_command', 'shell_command', 'shell'];
const editors = ['apply_patch', 'edit_file'];

/** Tools that do the same work: where one is offered, a call by the name of another is answered too. */
const SAME_WORK: readonly (readonly string[])[] = [
  ['exec_command', 'write_stdin', 'shell', 'shell_command', 'container.exec', 'local_shell'],
  ['apply_patch', 'edit_file'],
];

/** What models call such a tool elsewhere, and the tools of keel that do its work. Hints only: nothing runs under them. */
const KNOWN_AS: readonly { readonly names: readonly string[]; readonly tools: readonly string[] }[] = [
  { names: ['bash', 'sh', 'terminal', 'run', 'run_command', 'execute', 'execute_command'], tools: runners },
  { names: ['edit', 'str_replace', 'search_replace', 'write', 'write_file', 'create_file', 'patch'], tools: editors },
  { names: ['read', 'view', 'cat', 'open_file', 'view_file', 'read_file'], tools: ['read_file', ...runners] },
  { names: ['grep', 'search', 'rg', 'glob', 'find', 'search_files', 'grep_files'], tools: ['grep_files', ...runners] },
  { names: ['ls', 'list_files', 'list_directory', 'list_dir'], tools: ['list_dir', ...runners] },
  { names: ['todo', 'todo_write', 'plan'], tools: ['update_plan'] },
];
const MAX_HINT_DISTANCE = 2;
/** Of a name that a model made up, UTF-8 bytes. */
const MAX_NAME_BYTES = 100;

/** A response item as a call of a tool. */
export function toolCallOf(item: CallItem): ToolCall {
  switch (item.type) {
    case 'function_call':
      return {
        callId: item.call_id,
        name: plainToolName(item.name),
        payload: { type: 'function', arguments: item.arguments },
      };
    case 'custom_tool_call':
      return { callId: item.call_id, name: plainToolName(item.name), payload: { type: 'custom', input: item.input } };
    case 'local_shell_call':
      return {
        callId: item.call_id ?? item.id ?? '',
        name: 'local_shell',
        payload: { type: 'localShell', action: item.action },
      };
  }
}

/** The item that answers a call. Half a character, as a server may send it, would make every later request one that is refused. */
export function outputItem(call: CallItem, output: ToolOutput): OutputItem {
  const body = wellFormed(output.body);
  const callId = toolCallOf(call).callId;
  if (call.type === 'custom_tool_call') {
    return { type: 'custom_tool_call_output', call_id: callId, output: asText(body) };
  }
  return { type: 'function_call_output', call_id: callId, output: typeof body === 'string' ? body : [...body] };
}

function wellFormed(body: ToolOutput['body']): ToolOutput['body'] {
  if (typeof body === 'string') return body.toWellFormed();
  return body.map((part) => (part.type === 'input_text' ? { ...part, text: part.text.toWellFormed() } : part));
}

/** Such an output holds no images. */
function asText(body: ToolOutput['body']): string {
  if (typeof body === 'string') return body;
  return body.map((part) => (part.type === 'input_text' ? part.text : '[image left out]')).join('\n');
}

export interface Dispatch {
  readonly registry: ToolRegistry;
  /** The tools that the model was offered in this turn. */
  readonly offered: readonly string[];
  /** Tools that this session has not, though they exist. */
  readonly withheld?: readonly string[];
  /** Told of a handler that threw, which is a bug in keel. */
  readonly onCrash: (error: unknown) => void;
}

/** Runs a call to its output. Whatever is wrong with the call or its handler becomes an output: the turn goes on. */
export async function dispatch(
  call: ToolCall,
  context: ToolContext,
  signal: AbortSignal,
  { registry, offered, withheld = [], onCrash }: Dispatch,
): Promise<ToolOutput> {
  const handler = registry.handler(call.name);
  const isOffered = isAnswered(call.name, registry, offered) && !withheld.includes(call.name);
  if (!handler || !isOffered) return { body: unsupported(call, offered), success: false };
  const formed = inFormOf(call, handler, registry.spec(call.name));
  if (formed.type === 'failed') return { body: formed.message, success: false };
  try {
    const output = await handler.run(formed.call, context, signal);
    const note = ignoredFieldsNote(formed.call, handler, context.turn.noteMark);
    return note === null ? output : withNote(output, note);
  } catch (error) {
    if (signal.aborted) return { body: 'aborted', success: false };
    onCrash(error);
    const reason = reasonOf(error);
    return { body: `execution error: ${call.name} failed inside keel: ${reason}`, success: false };
  }
}

/** A tool that the model was not offered does not run: the set of tools says what this thread may do. */
function isAnswered(name: string, registry: ToolRegistry, offered: readonly string[]): boolean {
  if (offered.includes(name) || !registry.has(name)) return true;
  return SAME_WORK.some((tools) => tools.includes(name) && tools.some((tool) => offered.includes(tool)));
}

function unsupported({ name, payload }: ToolCall, offered: readonly string[]): string {
  const shown = cutBytesEnd(name.replaceAll(/\p{Cc}+/gu, ' '), MAX_NAME_BYTES);
  const line = `unsupported ${payload.type === 'custom' ? 'custom tool ' : ''}call: ${shown}`;
  const nearest = nearestTool(shown, offered);
  return nearest === null ? line : `${line}\nThe nearest tool here is ${nearest}.`;
}

function nearestTool(name: string, offered: readonly string[]): string | null {
  const known = KNOWN_AS.find(({ names }) => names.includes(name.toLowerCase()));
  const alike = offered.filter((tool) => distance(tool, name) <= MAX_HINT_DISTANCE);
  return known?.tools.find((tool) => offered.includes(tool)) ?? alike[0] ?? null;
}

/** Levenshtein distance; names are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const swap = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
