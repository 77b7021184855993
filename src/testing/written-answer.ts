import { customCall, functionCall, message } from './items.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { type ItemPart, type Json, type Response, respond } from './script.ts';

/** Starts a call of the tool named behind it; the lines below, up to the next such line, are its arguments. */
const CALL = /^=== (\S+)[ \t]*$/m;

/**
 * An answer as a person writes it: text, then calls. A call is a line `=== exec_command` with its arguments below, as JSON or,
 * for a tool that takes plain text or requires one text, as that text.
 */
export function writtenAnswer(written: string, request: RecordedRequest): Response {
  const [said = '', ...rest] = written.split(CALL);
  const parts: ItemPart[] = said.trim() === '' ? [] : [message(said.trim())];
  for (let at = 0; at < rest.length; at += 2) parts.push(callOf(rest[at] ?? '', rest[at + 1] ?? '', request));
  return respond(...parts);
}

function callOf(name: string, body: string, request: RecordedRequest): ItemPart {
  const input = body.replace(/^\n/, '').trimEnd();
  const spec = request.tools.map(specOf).find((tool) => tool['name'] === name) ?? {};
  if (spec['type'] === 'custom') return customCall(name, `${input}\n`);
  const field = isJson(input) ? null : onlyText(spec);
  return functionCall(name, field === null ? input : { [field]: input });
}

/** The one field that a tool requires, if that is a text. */
function onlyText(spec: Json): string | null {
  const schema = [spec['parameters'], spec['input_schema']].find(isObject) ?? {};
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const [field] = required;
  if (required.length !== 1 || typeof field !== 'string') return null;
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const property = properties[field];
  return isObject(property) && property['type'] === 'string' ? field : null;
}

/** The Chat API puts a function's fields one level deeper. */
function specOf(tool: Json): Json {
  return isObject(tool['function']) ? tool['function'] : tool;
}

function isJson(input: string): boolean {
  try {
    return isObject(JSON.parse(input));
  } catch {
    return false; // a text
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
