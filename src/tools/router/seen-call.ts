import { normalize } from 'node:path';
import { steadyResult } from '../../foundation/protocol/index.ts';
import { hexDigest, readJson } from '../../foundation/util/index.ts';
import { waitTool, writeStdinTool } from '../builtin/index.ts';
import type { ToolCall, ToolOutput } from '../contract/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A call and its result, in a form that two calls can be compared by. */
export interface SeenCall {
  readonly name: string;
  /** Equal for calls that ask for the same thing, however they are written. */
  readonly key: string;
  /** Equal for results that differ in times and ids only. */
  readonly result: string;
  /** Files that it changed, as the result names them. */
  readonly changed: readonly string[];
  /** The command line of a command that failed. */
  readonly failedCheck: string | null;
}

export function seenCall(call: ToolCall, output: ToolOutput): SeenCall {
  return {
    name: call.name,
    key: hexDigest('cyrb53', `${call.name}\n${canonicalArguments(call)}`),
    result: hexDigest('cyrb53', steadyPart(output)),
    changed: output.facts?.changed ?? [],
    failedCheck: output.success ? null : commandLine(call),
  };
}

/** Whether a call only waits for what an earlier one started: repeating it is no sign of a loop. */
export function onlyWaits(call: ToolCall): boolean {
  return call.name === waitTool.name || (call.name === writeStdinTool.name && !fieldsOf(call)?.['chars']);
}

function commandLine(call: ToolCall): string | null {
  if (call.payload.type === 'localShell') return call.payload.action.command.join(' ');
  const fields = fieldsOf(call);
  const command = fields?.['command'] ?? fields?.['cmd'];
  if (Array.isArray(command)) return command.join(' ');
  return typeof command === 'string' ? command : null;
}

function canonicalArguments(call: ToolCall): string {
  const { payload } = call;
  if (payload.type === 'custom') return payload.input;
  if (payload.type === 'localShell') return JSON.stringify(payload.action.command);
  const fields = fieldsOf(call);
  // Not an object: the text itself is compared.
  if (fields === null) return payload.arguments;
  return JSON.stringify(withoutDefaults(fields), (_key, value: unknown) => sorted(value));
}

/** Without a working directory that is the default one. */
function withoutDefaults({ workdir, ...rest }: Fields): Fields {
  const place = typeof workdir === 'string' ? normalize(workdir).replace(/(?<=.)\/$/, '') : '.';
  return place === '.' ? rest : { ...rest, workdir: place };
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A result without what differs from run to run: durations, session ids and keel's own lines. */
function steadyPart(output: ToolOutput): string {
  const { body, success } = output;
  const text = typeof body === 'string' ? steadyResult(body) : JSON.stringify(body);
  return JSON.stringify([success, text.replaceAll(/^keel:[0-9a-f]{6} .*$/gm, '')]);
}

function fieldsOf({ payload }: ToolCall): Fields | null {
  return payload.type === 'function' ? fieldsIn(payload.arguments) : null;
}

function fieldsIn(text: string): Fields | null {
  try {
    const value: unknown = readJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return Object.fromEntries(Object.entries(value));
  } catch {
    // Not JSON: the answer to the call says so.
    return null;
  }
}
