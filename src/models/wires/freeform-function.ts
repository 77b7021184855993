import { asObject, parseJson, stringField } from '../json/index.ts';
import type { CustomToolSpec, JsonSchema } from '../prompt/index.ts';

/** A freeform tool as a function of one text, for APIs that know nothing else: its parameters. */
export function freeformParameters({ syntax, definition }: CustomToolSpec['format']): JsonSchema {
  const input = { type: 'string', description: `A text in the form of this ${syntax} grammar:\n${definition}` };
  return { type: 'object', properties: { input }, required: ['input'], additionalProperties: false };
}

/** The arguments of a call of such a function. */
export function freeformArguments(input: string): string {
  return JSON.stringify({ input });
}

/** The text in such arguments. Anything else is returned as it is: the tool reports it. */
export function freeformInput(args: string): string {
  return stringField(asObject(parseJson(args)), 'input') ?? args;
}
