import { cutBytesEnd, readJson } from '../../foundation/util/index.ts';
import type { ToolSpec } from '../../models/prompt/index.ts';
import { type ToolCall, type ToolHandler, unknownFields } from '../contract/index.ts';

/** Limit for field names in a note, UTF-8 bytes. */
const MAX_SHOWN_BYTES = 120;

/** The name of a tool without the tokens and the namespace that some models add. */
export function plainToolName(name: string): string {
  const plain = name
    .replace(/<\|.*$/s, '')
    .replace(/^functions\./, '')
    .trim();
  return plain === '' ? name : plain;
}

export type FormedCall =
  | { readonly type: 'formed'; readonly call: ToolCall }
  /** `message` is the whole answer to the model. */
  | { readonly type: 'failed'; readonly message: string };

/**
 * Converts a call to a form that its tool understands. A text in place of arguments is read as JSON, or as the one argument
 * that the tool requires.
 */
export function inFormOf(call: ToolCall, { payloads }: ToolHandler, spec: ToolSpec | null): FormedCall {
  const { name, payload } = call;
  if (payloads.includes(payload.type)) return { type: 'formed', call };
  const required = requiredFields(spec);
  if (payload.type === 'custom' && payloads.includes('function')) {
    const args = argumentsFor(payload.input, required.length === 1 ? textField(spec, required) : null);
    if (args !== null) return { type: 'formed', call: { ...call, payload: { type: 'function', arguments: args } } };
  }
  const form = required.length === 0 ? '' : `\nIt takes JSON arguments. Required: ${required.join(', ')}.`;
  return { type: 'failed', message: `tool ${name} invoked with incompatible payload${form}` };
}

function argumentsFor(input: string, field: string | null): string | null {
  if (isJsonObject(input)) return input;
  return field === null ? null : JSON.stringify({ [field]: input });
}

function requiredFields(spec: ToolSpec | null): readonly string[] {
  const required = spec?.type === 'function' ? spec.parameters['required'] : null;
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}

/** The one required field, if a text can be its value: a string, or a command, which may be a script. */
function textField(spec: ToolSpec | null, [field]: readonly string[]): string | null {
  if (spec?.type !== 'function' || field === undefined) return null;
  const type = propertyOf(propertyOf(spec.parameters['properties'], field), 'type');
  return type === 'string' || field === 'command' ? field : null;
}

/** How a tool is called, in a sentence. */
export function callForm(spec: ToolSpec): string {
  if (spec.type === 'custom') return 'Call it with plain text, without JSON around it.';
  const fields = requiredFields(spec).map((name) => `${JSON.stringify(name)}: ${placeholder(spec, name)}`);
  return `Call it with {${fields.join(', ')}}.`;
}

function placeholder(spec: ToolSpec, field: string): string {
  const properties = spec.type === 'function' ? spec.parameters['properties'] : undefined;
  switch (propertyOf(propertyOf(properties, field), 'type')) {
    case 'array':
      return '[...]';
    case 'number':
      return '1';
    default:
      return '"..."';
  }
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

function isJsonObject(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    readJson(text);
    return true;
  } catch {
    // A text that only starts like an object, such as a script.
    return false;
  }
}

/** The note about fields that a tool ignores; null if there are none. */
export function ignoredFieldsNote({ name, payload }: ToolCall, { fields }: ToolHandler, mark: string): string | null {
  if (fields === undefined || payload.type !== 'function') return null;
  const unknown = unknownFields(payload.arguments, fields)
    .join(', ')
    .replaceAll(/\p{Cc}+/gu, ' ');
  return unknown === ''
    ? null
    : `${mark} ${name} has no such field, so it was ignored: ${cutBytesEnd(unknown, MAX_SHOWN_BYTES)}`;
}
