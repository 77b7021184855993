// The result of a command as it is recorded and as the model sees it: lines. Earlier versions recorded JSON for commands that
// ran to completion. Both forms are read here, nowhere else.
import * as z from 'zod/mini';
import { parseJson, splitOmitted } from '../util/index.ts';

/** A command that has ended. */
export interface CommandResult {
  readonly output: string;
  readonly exitCode: number;
  readonly durationSeconds: number;
}

/** Whether a command of a session has ended or still runs. */
export type CommandState =
  | { readonly type: 'ended'; readonly exitCode: number }
  | { readonly type: 'running'; readonly sessionId: number };

interface ResultLines {
  readonly state: CommandState;
  /** Already rounded. */
  readonly seconds: string;
  readonly totalLines?: string;
  readonly output: string;
}

type Parsed =
  | { readonly form: 'json'; readonly result: CommandResult }
  | { readonly form: 'lines'; readonly head: string; readonly state: CommandState; readonly output: string };

const jsonForm = z.strictObject({
  output: z.string(),
  metadata: z.strictObject({ exit_code: z.int(), duration_seconds: z.number() }),
});
const JSON_START = '{"output":';
const LINES =
  /^(?:Exit code: (-?\d{1,10})|Still running as session (\d{1,10}))\nWall time: [\d.]{1,20} seconds\nOutput:\n/;
const TIMED_OUT = /^command timed out after \d+ milliseconds$/m;

/** The result of a command that ran to completion. */
export function finishedResult({ output, exitCode, durationSeconds }: CommandResult): string {
  return commandResultLines({ state: { type: 'ended', exitCode }, seconds: String(durationSeconds), output });
}

/** The form of earlier versions. */
export function commandResultJson({ output, exitCode, durationSeconds }: CommandResult): string {
  return JSON.stringify({ output, metadata: { exit_code: exitCode, duration_seconds: durationSeconds } });
}

/** `totalLines`: of the whole output, where a line says so above it, as earlier versions had it. */
export function commandResultLines({ state, seconds, totalLines, output }: ResultLines): string {
  const first = state.type === 'ended' ? `Exit code: ${state.exitCode}` : `Still running as session ${state.sessionId}`;
  const total = totalLines === undefined ? [] : [`Total output lines: ${totalLines}`];
  return [first, `Wall time: ${seconds} seconds`, ...total, 'Output:', output].join('\n');
}

/** A result in the JSON form of earlier versions as lines; null for any other text. */
export function jsonResultAsLines(text: string): string | null {
  const result = jsonResult(text);
  if (result === null) return null;
  const { output, exitCode, durationSeconds } = result;
  const shown = splitOmitted(output) ?? { output };
  return commandResultLines({ state: { type: 'ended', exitCode }, seconds: String(durationSeconds), ...shown });
}

/** First line of the output of a command that was killed at its time limit. */
export function timedOutLine(ms: number): string {
  return `command timed out after ${Math.round(ms)} milliseconds\n`;
}

/** How a command ended, from either form; null for one that still runs, and for any other text. */
export function commandEnd(text: string): Pick<CommandResult, 'exitCode' | 'output'> | null {
  const parsed = parse(text);
  if (parsed?.form === 'json') return parsed.result;
  if (parsed?.state.type !== 'ended') return null;
  return { exitCode: parsed.state.exitCode, output: parsed.output };
}

/** What the command printed, from either form; any other text is returned as it is. */
export function commandOutput(text: string): string {
  const parsed = parse(text);
  if (parsed === null) return text;
  return parsed.form === 'json' ? parsed.result.output : parsed.output;
}

/** Replaces what the command printed and keeps the rest of the result; any other text is replaced as a whole. */
export function withCommandOutput(text: string, change: (output: string) => string): string {
  const parsed = parse(text);
  if (parsed === null) return change(text);
  if (parsed.form === 'lines') return parsed.head + change(parsed.output);
  const output = change(parsed.result.output);
  return output === parsed.result.output ? text : commandResultJson({ ...parsed.result, output });
}

/** The result without durations and session ids: equal for two runs that did the same. */
export function steadyResult(text: string): string {
  if (parse(text) === null) return text;
  return `${commandEnd(text)?.exitCode ?? 'running'}\n${commandOutput(text).replace(TIMED_OUT, '')}`;
}

function parse(text: string): Parsed | null {
  const result = jsonResult(text);
  if (result !== null) return { form: 'json', result };
  const [head, exitCode, sessionId] = LINES.exec(text) ?? [];
  if (head === undefined) return null;
  const state: CommandState =
    exitCode === undefined
      ? { type: 'running', sessionId: Number(sessionId) }
      : { type: 'ended', exitCode: Number(exitCode) };
  return { form: 'lines', head, state, output: text.slice(head.length) };
}

/** Strict: what a program or another tool printed may only look like the form. */
function jsonResult(text: string): CommandResult | null {
  if (!text.startsWith(JSON_START)) return null;
  const result = jsonForm.safeParse(parseJson(text)).data;
  if (result === undefined) return null;
  const { exit_code: exitCode, duration_seconds: durationSeconds } = result.metadata;
  return { output: result.output, exitCode, durationSeconds };
}
