import { ownValue } from '../../foundation/util/index.ts';
import type { Json } from '../script.ts';
import { checkParameters, type Findings, isJson, isJsonObject, MAX_CALL_ID, objectsOf, TOOL_NAME } from './findings.ts';

/** How a server's template differs from what the API publishes. */
export interface ChatRules {
  /** `alternating`: one system message, then user and assistant in turn, and no user right behind a result. */
  readonly roles?: 'free' | 'alternating';
  /** Fields of messages and calls beyond the published ones that this server sends and takes. */
  readonly ownFields?: readonly string[];
}

const BODY = [
  ...['model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'parallel_tool_calls'],
  ...['reasoning_effort', 'response_format'],
];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  system: ['role', 'content'],
  developer: ['role', 'content'],
  user: ['role', 'content'],
  assistant: ['role', 'content', 'tool_calls', 'refusal'],
  tool: ['role', 'content', 'tool_call_id'],
};
const PARTS: Readonly<Record<string, readonly string[]>> = {
  system: ['text'],
  developer: ['text'],
  user: ['text', 'image_url'],
  assistant: ['text'],
  tool: ['text'],
};

/** What the Chat Completions API refuses, from its published types and from what strict servers of it add. */
export function checkChat(body: Json, rules: ChatRules, found: Findings): void {
  found.fields(body, 'body', BODY);
  found.text(body['model'], 'model');
  const tools = objectsOf(body['tools']);
  found.check(!('tools' in body) || tools.length > 0, 'tools', 'must not be empty');
  for (const [at, tool] of tools.entries()) checkTool(tool, `tools[${at}]`, found);
  if (tools.length === 0) {
    for (const name of ['tool_choice', 'parallel_tool_calls']) found.check(!(name in body), name, 'without tools');
  }
  const messages = objectsOf(body['messages']);
  found.check(messages.length > 0, 'messages', 'must not be empty');
  for (const [at, message] of messages.entries()) checkMessage(message, `messages[${at}]`, rules, found);
  checkCalls(messages, found);
  if (rules.roles === 'alternating') checkAlternation(messages, found);
}

function checkTool(tool: Json, place: string, found: Findings): void {
  found.fields(tool, place, ['type', 'function']);
  const called = isJson(tool['function']) ? tool['function'] : {};
  found.fields(called, place, ['name', 'description', 'parameters', 'strict']);
  found.check(TOOL_NAME.test(String(called['name'])), place, `name "${called['name']}"`);
  checkParameters(called['parameters'], `${place}.parameters`, found);
}

function checkMessage(message: Json, place: string, { ownFields = [] }: ChatRules, found: Findings): void {
  const role = String(message['role']);
  const fields = ownValue(FIELDS, role);
  if (!found.check(fields !== undefined, place, `role "${role}"`)) return;
  found.fields(message, place, [...(fields ?? []), ...(role === 'assistant' ? ownFields : [])]);
  const { content } = message;
  const hasCalls = objectsOf(message['tool_calls']).length > 0;
  if (role === 'assistant') {
    found.check(!('tool_calls' in message) || hasCalls, place, 'an empty list of calls');
    found.check(hasCalls || (content !== null && content !== ''), place, 'neither content nor calls');
  } else if (role !== 'tool') {
    found.check(content !== '' && content !== null, place, 'no content');
  }
  if (typeof content === 'string' || (content === null && hasCalls)) return;
  const parts = objectsOf(content);
  found.check(parts.length > 0, place, 'content is no text and no list of parts');
  const known = [
    ...(ownValue(PARTS, role) ?? []),
    ...(role === 'assistant' && ownFields.includes('thinking') ? ['thinking'] : []),
  ];
  for (const part of parts) {
    found.check(
      known.includes(String(part['type'])),
      place,
      `a part of type "${part['type']}" in a message of ${role}`,
    );
  }
}

function checkCalls(messages: readonly Json[], found: Findings): void {
  const used = new Set<unknown>();
  let waiting: unknown[] = [];
  for (const [at, message] of messages.entries()) {
    const place = `messages[${at}]`;
    if (message['role'] === 'tool') {
      const id = message['tool_call_id'];
      found.check(waiting.includes(id), place, `answers "${id}", which no call before it waits for`);
      waiting = waiting.filter((one) => one !== id);
      continue;
    }
    found.check(waiting.length === 0, place, `calls have no result: ${waiting.join(', ')}`);
    waiting = [];
    for (const call of objectsOf(message['tool_calls'])) {
      const { id } = call;
      const called = isJson(call['function']) ? call['function'] : {};
      found.check(call['type'] === 'function', place, 'a call that is no function');
      found.check(typeof id === 'string' && id !== '' && id.length <= MAX_CALL_ID, place, `id "${id}"`);
      found.check(!used.has(id), place, `id "${id}" is used twice`);
      found.check(TOOL_NAME.test(String(called['name'])), place, `name "${called['name']}"`);
      found.check(isJsonObject(called['arguments']), place, 'arguments that are no JSON object');
      used.add(id);
      waiting.push(id);
    }
  }
  found.check(waiting.length === 0, 'messages', `the last calls have no result: ${waiting.join(', ')}`);
}

/** The rule of the templates of Mistral, Gemma and Llama 2. */
function checkAlternation(messages: readonly Json[], found: Findings): void {
  const turns = messages[0]?.['role'] === 'system' ? messages.slice(1) : messages;
  let before: unknown = null;
  for (const [at, { role }] of turns.entries()) {
    const place = `messages[${at}] behind the system message`;
    const allowed = nextRoles(before);
    found.check(allowed.includes(String(role)), place, `"${role}" behind "${before ?? 'the beginning'}"`);
    before = role;
  }
  found.check(before === 'user' || before === 'tool', 'messages', `the last one is of "${before}"`);
}

function nextRoles(before: unknown): readonly string[] {
  if (before === null) return ['user'];
  if (before === 'user') return ['assistant'];
  return before === 'tool' ? ['tool', 'assistant'] : ['user', 'tool'];
}
