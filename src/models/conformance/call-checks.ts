import type { CallItem, ResponseItem } from '../../foundation/protocol/index.ts';
import { parseJson } from '../json/index.ts';
import type { ToolSpec } from '../prompt/index.ts';
import { type Check, fails, partly, works } from './finding.ts';
import { says } from './probe.ts';

const weather: ToolSpec = {
  type: 'function',
  name: 'get_weather',
  description: 'Says what the weather is in one city now.',
  strict: false,
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Name of the city' } },
    required: ['city'],
    additionalProperties: false,
  },
};
const note: ToolSpec = {
  type: 'custom',
  name: 'write_note',
  description: 'Writes down a note. The input is the note: BEGIN, a line of text, END, each on a line of its own.',
  format: {
    type: 'grammar',
    syntax: 'lark',
    definition: 'start: "BEGIN" LF TEXT LF "END"\nTEXT: /[^\\n]+/\n%import common.LF',
  },
};
/** A word that the model can only have from the output of its call. */
const MARKER = 'quixotically foggy';

const tools: Check = {
  name: 'tools',
  isNeeded: true,
  async run(probe) {
    const question = says('Call get_weather for the city Oslo. When you have the result, reply with it.');
    const answer = await probe.ask({ input: [question], tools: [weather] });
    const [call] = answer.calls;
    const never = `models."${probe.model.slug}".tools = false`;
    if (call === undefined) return fails('answers without calling the tool that it was asked to call', never);
    const fault = callFault(call, 'Oslo');
    if (fault !== null) return fails(fault, never);
    const input = [question, ...answer.items, ...answer.calls.map(outputOf)];
    const last = await probe.ask({ input, tools: [weather] });
    return last.text.includes('quixotically')
      ? works('calls a tool and reads its result')
      : partly('calls a tool; its answer does not repeat the result');
  },
};

const parallelTools: Check = {
  name: 'parallel tools',
  isNeeded: false,
  async run(probe) {
    const question = says('Call get_weather for Oslo and for Lima, both calls in this one response.');
    const answer = await probe.ask({ input: [question], tools: [weather], parallelToolCalls: true });
    const [first, second] = answer.calls;
    if (first === undefined) return fails('answers without a call');
    if (second === undefined) return partly('makes one call at a time: works, with more requests');
    const fault = callFault(first, 'Oslo') ?? callFault(second, 'Lima');
    if (fault !== null || first.call_id === second.call_id) {
      return fails(fault ?? 'two calls have the same id');
    }
    await probe.ask({ input: [question, ...answer.items, ...answer.calls.map(outputOf)], tools: [weather] });
    return works('several calls in one response, and their results');
  },
};

const freeform: Check = {
  name: 'freeform',
  isNeeded: false,
  async run(probe) {
    const question = says('Call write_note with this input of three lines: BEGIN, then hello, then END.');
    const answer = await probe.ask({ input: [question], tools: [note] });
    const [call] = answer.calls;
    if (call?.type !== 'custom_tool_call') return partly('does not call a freeform tool');
    return /^BEGIN\s+hello\s+END\s*$/.test(call.input)
      ? works('calls freeform tools')
      : partly('calls a freeform tool with another input than it was asked for');
  },
};

function callFault(call: CallItem, city: string): string | null {
  if (call.type !== 'function_call') return `calls with the type ${call.type} in place of function_call`;
  if (call.name !== 'get_weather') return `calls "${call.name}", which it was not offered`;
  const args = parseJson(call.arguments);
  const isObject = typeof args === 'object' && args !== null && 'city' in args;
  if (!isObject)
    return `writes arguments that are not the JSON object that the tool asks for: ${call.arguments.slice(0, 80)}`;
  return String(args.city).includes(city) ? null : `calls for "${String(args.city)}" in place of ${city}`;
}

function outputOf(call: CallItem): ResponseItem {
  const callId = call.call_id ?? '';
  return { type: 'function_call_output', call_id: callId, output: MARKER };
}

export const callChecks: readonly Check[] = [tools, parallelTools, freeform];
