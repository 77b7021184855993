import type { Json } from '../script.ts';
import { checkParameters, type Findings, isJson, isJsonObject, MAX_CALL_ID, objectsOf, TOOL_NAME } from './findings.ts';

const BODY = [
  ...['model', 'instructions', 'input', 'tools', 'tool_choice', 'parallel_tool_calls', 'reasoning', 'store', 'stream'],
  ...['include', 'prompt_cache_key', 'text'],
];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  message: ['type', 'id', 'role', 'content', 'phase'],
  reasoning: ['type', 'id', 'summary', 'content', 'encrypted_content'],
  function_call: ['type', 'id', 'name', 'arguments', 'call_id'],
  function_call_output: ['type', 'call_id', 'output'],
  custom_tool_call: ['type', 'id', 'status', 'call_id', 'name', 'input'],
  custom_tool_call_output: ['type', 'call_id', 'output'],
  local_shell_call: ['type', 'id', 'call_id', 'status', 'action'],
  web_search_call: ['type', 'id', 'status', 'action'],
  image_generation_call: ['type', 'id', 'status', 'result'],
};
const OUTPUT_OF: Readonly<Record<string, string>> = {
  function_call: 'function_call_output',
  local_shell_call: 'function_call_output',
  custom_tool_call: 'custom_tool_call_output',
};

/** Fields of items beyond the published ones that a server sends and takes. */
export interface ResponsesRules {
  readonly ownFields?: readonly string[];
}

/** What the Responses API refuses, from its published types. */
export function checkResponses(body: Json, { ownFields = [] }: ResponsesRules, found: Findings): void {
  found.fields(body, 'body', BODY);
  found.text(body['model'], 'model');
  for (const [at, tool] of objectsOf(body['tools']).entries()) {
    if (tool['type'] === 'function') checkParameters(tool['parameters'], `tools[${at}].parameters`, found);
    if ('name' in tool) found.check(TOOL_NAME.test(String(tool['name'])), `tools[${at}]`, `name "${tool['name']}"`);
  }
  const input = objectsOf(body['input']);
  for (const [at, item] of input.entries()) {
    const place = `input[${at}]`;
    const type = String(item['type']);
    const fields = FIELDS[type];
    if (!found.check(fields !== undefined, place, `type "${type}"`)) continue;
    found.fields(item, place, [...(fields ?? []), ...ownFields]);
    checkItem(item, type, place, found);
  }
  checkPairs(input, found);
}

function checkItem(item: Json, type: string, place: string, found: Findings): void {
  switch (type) {
    case 'message':
      return checkMessage(item, place, found);
    case 'reasoning':
      found.check(Array.isArray(item['summary']), place, 'no summary');
      return;
    case 'function_call':
      found.check(isJsonObject(item['arguments']), place, 'arguments that are no JSON object');
      found.check(TOOL_NAME.test(String(item['name'])), place, `name "${item['name']}"`);
      return;
    case 'custom_tool_call':
      found.check(typeof item['input'] === 'string', place, 'no input');
      found.check(TOOL_NAME.test(String(item['name'])), place, `name "${item['name']}"`);
      return;
    case 'image_generation_call':
      found.text(item['id'], `${place}.id`);
      found.check('result' in item, place, 'no result');
      return;
    case 'local_shell_call':
      found.check(isJson(item['action']), place, 'no action');
      return;
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const { output } = item;
      const parts = objectsOf(output).map((part) => part['type']);
      const areParts = Array.isArray(output) && parts.every((part) => part === 'input_text' || part === 'input_image');
      found.check(typeof output === 'string' || areParts, place, 'an output that is no text and no list of parts');
      return;
    }
    default:
      return;
  }
}

function checkMessage({ role, content }: Json, place: string, found: Findings): void {
  found.check(['user', 'assistant', 'system', 'developer'].includes(String(role)), place, `role "${role}"`);
  found.check(Array.isArray(content), place, 'content is no list');
  const known = role === 'assistant' ? ['output_text', 'refusal'] : ['input_text', 'input_image'];
  for (const { type } of objectsOf(content)) {
    found.check(known.includes(String(type)), place, `a part of type "${type}" in a message of ${role}`);
  }
}

function checkPairs(input: readonly Json[], found: Findings): void {
  const used = new Set<unknown>();
  const waiting = new Map<unknown, string>();
  for (const [at, item] of input.entries()) {
    const place = `input[${at}]`;
    const type = String(item['type']);
    const id = item['call_id'];
    const outputType = OUTPUT_OF[type];
    if (outputType !== undefined) {
      found.check(typeof id === 'string' && id !== '' && id.length <= MAX_CALL_ID, place, `call_id "${id}"`);
      found.check(!used.has(id), place, `call_id "${id}" is used twice`);
      used.add(id);
      waiting.set(id, outputType);
    } else if (type.endsWith('_output')) {
      found.check(waiting.get(id) === type, place, `answers "${id}", which no call before it waits for`);
      waiting.delete(id);
    }
  }
  found.check(waiting.size === 0, 'input', `calls have no output: ${[...waiting.keys()].join(', ')}`);
}
