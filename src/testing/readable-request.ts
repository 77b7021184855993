import type { RecordedRequest } from './recorded-request.ts';
import type { Json } from './script.ts';

/** One thing in a conversation as a person reads it. */
export interface Entry {
  /** Whose it is, such as `user`, or `result of exec_command`. */
  readonly title: string;
  readonly text: string;
  /** The model said it itself. */
  readonly isOwn: boolean;
}

/** The whole request: the instructions, the tools, and the conversation. */
export function wholeRequest(request: RecordedRequest): string {
  const tools = request.tools.map(toolText).join('\n');
  return [
    section('instructions', request.instructions),
    section('tools', tools),
    conversation(entriesOf(request)),
  ].join('\n');
}

/** The entries of a conversation, each under its title. */
export function conversation(entries: readonly Entry[]): string {
  return entries.map(({ title, text }) => section(title, text)).join('\n');
}

function section(title: string, text: string): string {
  return `## ${title}\n\n${text.trimEnd()}\n`;
}

/** The conversation in a request, whichever API it is for. */
export function entriesOf(request: RecordedRequest): Entry[] {
  const names = new Map<string, string>();
  return [...request.input, ...request.messages.filter(({ role }) => role !== 'system')].flatMap((item) =>
    entriesIn(item, names),
  );
}

/** @param names the tools of the calls so far, by the calls' ids */
function entriesIn(item: Json, names: Map<string, string>): Entry[] {
  const role = text(item['role']);
  if (role === 'tool') return [result(item['tool_call_id'], item['content'], names)];
  if (role === '') return [entryOf(item, 'assistant', names)];
  const blocks = objectsIn(item['content']);
  const said = blocks.length === 0 && text(item['content']) !== '' ? [saidBy(role, text(item['content']))] : [];
  const calls = objectsIn(item['tool_calls']).map((call) => chatCall(call, names));
  return [...said, ...blocks.map((block) => entryOf(block, role, names)), ...calls];
}

function entryOf(item: Json, role: string, names: Map<string, string>): Entry {
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call':
      return call(item['call_id'], item['name'], item['arguments'] ?? item['input'], names);
    case 'tool_use':
      return call(item['id'], item['name'], JSON.stringify(item['input']), names);
    case 'function_call_output':
    case 'custom_tool_call_output':
      return result(item['call_id'], item['output'], names);
    case 'tool_result':
      return result(item['tool_use_id'], item['content'], names);
    case 'text':
    case 'input_text':
    case 'output_text':
      return saidBy(role, text(item['text']));
    default:
      return { title: role, text: `[${text(item['type']) || 'something else'}]`, isOwn: role === 'assistant' };
  }
}

function saidBy(role: string, words: string): Entry {
  return { title: role, text: words, isOwn: role === 'assistant' };
}

function chatCall(item: Json, names: Map<string, string>): Entry {
  const called = isObject(item['function']) ? item['function'] : {};
  return call(item['id'], called['name'], called['arguments'], names);
}

function call(id: unknown, name: unknown, input: unknown, names: Map<string, string>): Entry {
  names.set(text(id), text(name));
  return { title: `call of ${text(name)}`, text: text(input), isOwn: true };
}

function result(id: unknown, output: unknown, names: ReadonlyMap<string, string>): Entry {
  const parts = objectsIn(output).map((part) => text(part['text']) || `[${text(part['type'])}]`);
  const name = names.get(text(id)) ?? 'a call';
  return { title: `result of ${name}`, text: parts.length > 0 ? parts.join('\n') : text(output), isOwn: false };
}

/** A tool with its parameters, a line each. */
function toolText(tool: Json): string {
  const spec = isObject(tool['function']) ? tool['function'] : tool;
  const schema = [spec['parameters'], spec['input_schema']].find(isObject) ?? {};
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const lines = Object.entries(properties).map(([name, field]) => {
    const { type, description } = isObject(field) ? field : {};
    const words = text(description);
    return `- ${name} (${text(type)}${required.includes(name) ? ', required' : ''})${words === '' ? '' : `: ${words}`}`;
  });
  const form = spec['type'] === 'custom' ? ['- plain text'] : [];
  return [`### ${text(spec['name'] ?? spec['type'])}`, '', text(spec['description']), ...lines, ...form, ''].join('\n');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
