import { ownValue } from '../../foundation/util/index.ts';
import type { Json } from '../script.ts';
import { checkParameters, type Findings, isJson, objectsOf, TOOL_NAME } from './findings.ts';

const BODY = [
  ...['model', 'max_tokens', 'stream', 'system', 'messages', 'tools', 'tool_choice', 'thinking', 'output_config'],
];
const CALL_ID = /^[a-zA-Z0-9_-]{1,40}$/;
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  text: ['type', 'text', 'cache_control'],
  image: ['type', 'source', 'cache_control'],
  thinking: ['type', 'thinking', 'signature'],
  redacted_thinking: ['type', 'data'],
  tool_use: ['type', 'id', 'name', 'input', 'cache_control'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
};
const TYPES: Readonly<Record<string, readonly string[]>> = {
  user: ['text', 'image', 'tool_result'],
  assistant: ['text', 'thinking', 'redacted_thinking', 'tool_use'],
};
const MAX_CACHE_MARKS = 4;

/** What the Messages API refuses, from its published types and errors. */
export function checkMessages(body: Json, found: Findings): void {
  found.fields(body, 'body', BODY);
  found.text(body['model'], 'model');
  found.check(Number(body['max_tokens']) > 0, 'max_tokens', 'must be there');
  const tools = objectsOf(body['tools']);
  for (const [at, tool] of tools.entries()) {
    const place = `tools[${at}]`;
    found.fields(tool, place, ['name', 'description', 'input_schema', 'cache_control']);
    found.check(TOOL_NAME.test(String(tool['name'])), place, `name "${tool['name']}"`);
    checkParameters(tool['input_schema'], `${place}.input_schema`, found);
  }
  found.check(tools.length > 0 || !('tool_choice' in body), 'tool_choice', 'without tools');
  const marks = JSON.stringify(body).split('"cache_control":{').length - 1;
  found.check(marks <= MAX_CACHE_MARKS, 'cache_control', `${marks} marks`);
  checkConversation(objectsOf(body['messages']), found);
}

function checkConversation(messages: readonly Json[], found: Findings): void {
  const used = new Set<unknown>();
  let calls: unknown[] = [];
  for (const [at, { role, content }] of messages.entries()) {
    const place = `messages[${at}]`;
    found.check(role === (at % 2 === 0 ? 'user' : 'assistant'), place, `role "${role}"`);
    const blocks = objectsOf(content);
    found.check(blocks.length > 0, place, 'no content');
    for (const block of blocks) checkBlock(block, String(role), place, found);
    const results = blocks.filter(({ type }) => type === 'tool_result');
    const answered = results.map((block) => block['tool_use_id']);
    found.check(sameSet(answered, calls), place, `calls ${calls.join()} are answered by ${answered.join()}`);
    found.check(
      blocks.slice(0, results.length).every((one) => results.includes(one)),
      place,
      'results are not first',
    );
    calls = blocks.filter(({ type }) => type === 'tool_use').map((block) => block['id']);
    for (const id of calls) {
      found.check(CALL_ID.test(String(id)), place, `id "${id}"`);
      found.check(!used.has(id), place, `id "${id}" is used twice`);
      used.add(id);
    }
    const last = String(blocks.at(-1)?.['type']);
    found.check(role === 'user' || !last.endsWith('thinking'), place, 'ends with a thought');
  }
  found.check(messages.at(-1)?.['role'] === 'user', 'messages', 'the model has the last word');
}

function checkBlock(block: Json, role: string, place: string, found: Findings): void {
  const type = String(block['type']);
  if (!found.check(ownValue(TYPES, role)?.includes(type) ?? false, place, `a block of type "${type}" of ${role}`))
    return;
  found.fields(block, `${place} (${type})`, FIELDS[type] ?? []);
  if (type === 'text') found.check(String(block['text'] ?? '').trim() !== '', place, 'a text without words');
  if (type === 'tool_use') {
    found.check(isJson(block['input']), place, 'an input that is no object');
    found.check(TOOL_NAME.test(String(block['name'])), place, `name "${block['name']}"`);
  }
}

function sameSet(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((entry) => other.includes(entry));
}
