import * as z from 'zod/mini';
import { type CallItem, commandEnd, type OutputItem, type ResponseItem } from '../../foundation/protocol/index.ts';
import { cutBytesEnd, cutBytesStart, parseJson } from '../../foundation/util/index.ts';
import { chosenSkillLabel } from '../index.ts';
import { changesOf } from './command-changes.ts';
import { isCall, isOutput } from './pairs.ts';

const MAX_FILES = 100;
const MAX_COMMANDS = 40;
const MAX_READ = 30;
const MAX_SERVER_CALLS = 20;
const MAX_SKILLS = 10;
const MAX_COMMAND_CHARS = 160;
const MAX_FAILURE_BYTES = 1_024;
const MAX_FACTS_BYTES = 16 * 1024;
const CHECK =
  /\b(tests?|check|lint|typecheck|tsc|pytest|vitest|jest|mocha|cargo|ctest|rspec|make|build|go (?:test|vet|build))\b/;
/** Outputs of calls of servers' tools that never reached the server. */
const NOT_CALLED = /^(?:err:(?! tool call error:)|aborted$|not run:|rejected:|tool call rejected by user)/;
const SUMMARY_LINE = /^[^\w\n]*(?:\d+ (?:tests? )?(?:passed|failed|passing|failing)|(?:PASS|FAIL|ok)\b)/m;

const planArguments = z.object({
  plan: z.array(z.object({ step: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) })),
});
const commandArguments = z.object({
  command: z.optional(z.union([z.string(), z.array(z.string())])),
  cmd: z.optional(z.string()),
});
const pathArguments = z.object({
  path: z.optional(z.string()),
  file_path: z.optional(z.string()),
  input: z.optional(z.string()),
});

interface FileFact {
  readonly kind: 'A' | 'M' | 'D';
  readonly added: number;
  readonly removed: number;
}

interface CommandFact {
  readonly command: string;
  readonly exitCode: number;
  readonly count: number;
}

interface CheckFact {
  readonly command: string;
  readonly exitCode: number;
  readonly tail: string;
  /** No file was changed since. */
  readonly isFresh: boolean;
}

/** A place in a thread, as its facts count. */
export interface FactsPlace {
  readonly edits: number;
  readonly plans: number;
}

export interface LeftOpen {
  readonly uncheckedFiles: readonly string[];
  readonly openSteps: readonly string[];
}

/**
 * What is known of a thread for certain, because code saw it happen: read off the calls and their outputs as they are
 * recorded, and handed on when the conversation itself is compacted.
 */
export class ThreadFacts {
  readonly #calls = new Map<string, CallItem>();
  readonly #files = new Map<string, FileFact>();
  readonly #read = new Set<string>();
  readonly #unknown = new Map<string, string>();
  readonly #skills = new Set<string>();
  #commands: CommandFact[] = [];
  #serverCalls: readonly string[] = [];
  #plan: readonly string[] = [];
  #check: CheckFact | null = null;
  /** Every edit, in order, and how many there were when the last check ran; likewise how often the plan was set. */
  readonly #edits: string[] = [];
  #editsChecked = 0;
  #plansSet = 0;
  #hasSubagents = false;

  note(item: ResponseItem): void {
    if (isCall(item) && item.call_id) this.#calls.set(item.call_id, item);
    if (item.type === 'message') this.#noteSkill(item);
    if (!isOutput(item)) return;
    const call = this.#calls.get(item.call_id);
    this.#calls.delete(item.call_id);
    if (call) this.#noteCall(call, textOf(item));
  }

  /** The last check that ran, for holding a summary against it. */
  get lastCheck(): Pick<CheckFact, 'command' | 'exitCode' | 'isFresh'> | null {
    return this.#check;
  }

  /** Whether the model has started subagents. */
  get hasSubagents(): boolean {
    return this.#hasSubagents;
  }

  /** Files that the agent's patches and commands changed: `A`, `M` or `D` and the path. */
  get changedFiles(): readonly string[] {
    return [...this.#files].map(([path, { kind }]) => `${kind} ${path}`);
  }

  /** How far the thread is: what `since` asks about is counted from here. */
  get place(): FactsPlace {
    return { edits: this.#edits.length, plans: this.#plansSet };
  }

  /** What was left open since: files that were changed and not checked afterwards, steps of a plan that was set. */
  since({ edits, plans }: FactsPlace): LeftOpen {
    const openSteps = this.#plansSet > plans ? this.#plan.filter((step) => !step.startsWith('[x]')) : [];
    return {
      uncheckedFiles: [...new Set(this.#edits.slice(Math.max(edits, this.#editsChecked)))],
      openSteps: openSteps.map((step) => step.slice('[ ] '.length)),
    };
  }

  /** Everything that is known, in so many bytes at most; empty if nothing is. `running`: sessions that go on, a line each. */
  render(running: readonly string[], maxBytes = MAX_FACTS_BYTES): string {
    const commands = this.#commandLines();
    const parts = [
      section('Plan', this.#plan),
      section('Changed files', this.#fileLines()),
      section('Last check', this.#checkLines()),
      section('Finished commands (exit code, command), oldest first', commands),
      section('Calls whose outcome is not known', [...this.#unknown.values()]),
      section('Still running', running),
      section('Skills that the user chose; read the file again to go on by it', [...this.#skills].slice(-MAX_SKILLS)),
      section('Calls of MCP tools, oldest first', this.#serverCalls),
      section(
        'Read files',
        [...this.#read]
          .filter((path) => !this.#files.has(path))
          .slice(-MAX_READ)
          .reverse(),
      ),
    ];
    const whole = parts.filter((part) => part !== '').join('\n\n');
    if (Buffer.byteLength(whole) <= maxBytes) return whole;
    const short = [
      parts[0],
      section('Changed files', [`${this.#files.size} files`]),
      ...parts.slice(2, 3),
      section('Finished commands', commands.slice(-10)),
      ...parts.slice(4, 7),
      section('Calls of MCP tools', this.#serverCalls.slice(-5)),
    ];
    return cutBytesEnd(short.filter((part) => part !== '' && part !== undefined).join('\n\n'), maxBytes);
  }

  #noteCall(call: CallItem, output: string): void {
    const name = call.type === 'local_shell_call' ? 'local_shell' : call.name;
    if (output.startsWith('unknown outcome:')) {
      this.#unknown.set(call.call_id ?? '', shortened(`${name} ${argumentsOf(call)}`));
      return;
    }
    if (name === 'spawn_agent') this.#hasSubagents = true;
    if (name === 'update_plan') this.#notePlan(call);
    else if (name === 'apply_patch' || name === 'edit_file') this.#noteEdit(call, output);
    else if (name === 'read_file') this.#noteRead(call);
    else if (name.startsWith('mcp__')) this.#noteServerCall(call, output);
    else this.#noteCommand(call, output);
  }

  /** What was told of it is left out by a compaction. The newest come last. */
  #noteSkill(item: ResponseItem): void {
    const label = chosenSkillLabel(item);
    if (label === null) return;
    this.#skills.delete(label);
    this.#skills.add(label);
  }

  #notePlan(call: CallItem): void {
    const parsed = planArguments.safeParse(parsedJson(argumentsOf(call))).data;
    if (!parsed) return;
    const marks = { pending: '[ ]', in_progress: '[>]', completed: '[x]' } as const;
    this.#plansSet += 1;
    this.#plan = parsed.plan.map(({ step, status }) => `${marks[status]} ${step}`);
  }

  #noteEdit(call: CallItem, output: string): void {
    if (commandEnd(output)?.exitCode !== 0) return;
    const args = pathArguments.safeParse(parsedJson(argumentsOf(call))).data;
    const patch = call.type === 'custom_tool_call' ? call.input : (args?.input ?? '');
    for (const [path, fact] of patch === ''
      ? [[args?.path ?? args?.file_path ?? '', EDITED] as const]
      : filesOf(patch)) {
      if (path !== '') this.#noteFile(path, fact);
    }
  }

  #noteFile(path: string, fact: FileFact): void {
    const before = this.#files.get(path);
    const kind = before?.kind === 'A' && fact.kind === 'M' ? 'A' : fact.kind;
    this.#files.set(path, {
      kind,
      added: (before?.added ?? 0) + fact.added,
      removed: (before?.removed ?? 0) + fact.removed,
    });
    this.#edits.push(path);
    if (this.#check) this.#check = { ...this.#check, isFresh: false };
  }

  #noteRead(call: CallItem): void {
    const path = pathArguments.safeParse(parsedJson(argumentsOf(call))).data?.file_path;
    if (path === undefined) return;
    this.#read.delete(path);
    this.#read.add(path);
  }

  #noteServerCall(call: CallItem, output: string): void {
    if (call.type !== 'function_call' || NOT_CALLED.test(output)) return;
    const line = `${shortened(`${call.name} ${call.arguments}`)}${output.startsWith('err:') ? ' (failed)' : ''}`;
    this.#serverCalls = [...this.#serverCalls.filter((known) => known !== line), line].slice(-MAX_SERVER_CALLS);
  }

  #noteCommand(call: CallItem, output: string): void {
    const script = scriptOf(call);
    const ended = commandEnd(output);
    if (script === null || ended === null) return;
    const command = shortened(script);
    if (ended.exitCode === 0)
      for (const { path, kind } of changesOf(script)) this.#noteFile(path, { kind, added: 0, removed: 0 });
    const same = this.#commands.find((known) => known.command === command && known.exitCode === ended.exitCode);
    this.#commands = this.#commands.filter((known) => known !== same);
    this.#commands.push({ command, exitCode: ended.exitCode, count: (same?.count ?? 0) + 1 });
    if (this.#commands.length > MAX_COMMANDS) this.#commands.shift();
    if (!CHECK.test(command) && !SUMMARY_LINE.test(ended.output)) return;
    const tail = ended.exitCode === 0 ? '' : cutBytesStart(ended.output.trimEnd(), MAX_FAILURE_BYTES);
    this.#check = { command, exitCode: ended.exitCode, tail, isFresh: true };
    this.#editsChecked = this.#edits.length;
  }

  #commandLines(): string[] {
    return this.#commands.map(
      ({ exitCode, command, count }) => `${exitCode}  ${command}${count > 1 ? ` (${count} times)` : ''}`,
    );
  }

  #fileLines(): string[] {
    const lines = [...this.#files].map(
      ([path, { kind, added, removed }]) => `${kind}  ${path} (+${added} -${removed})`,
    );
    const more = lines.length - MAX_FILES;
    return more > 0 ? [...lines.slice(0, MAX_FILES), `and ${more} more`] : lines;
  }

  #checkLines(): string[] {
    if (this.#check === null) return [];
    const { command, exitCode, tail, isFresh } = this.#check;
    const when = isFresh ? 'after the last edit' : 'before the last edit, so out of date';
    return [`${command}: exit code ${exitCode}, ${when}`, ...(tail === '' ? [] : [tail])];
  }
}

const EDITED: FileFact = { kind: 'M', added: 0, removed: 0 };

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}:\n${lines.join('\n')}`;
}

interface PatchedFile {
  path: string;
  kind: FileFact['kind'];
  added: number;
  removed: number;
}

function filesOf(patch: string): [string, FileFact][] {
  const files: PatchedFile[] = [];
  for (const line of patch.split('\n')) {
    const [, verb, path] = /^\*\*\* (Add|Update|Delete) File: (.+)$/.exec(line) ?? [];
    const moved = /^\*\*\* Move to: (.+)$/.exec(line)?.[1];
    const last = files.at(-1);
    if (verb && path) {
      const kind = verb === 'Add' ? 'A' : verb === 'Delete' ? 'D' : 'M';
      files.push({ path: path.trim(), kind, added: 0, removed: 0 });
    } else if (moved && last) {
      last.kind = 'D';
      files.push({ path: moved.trim(), kind: 'A', added: 0, removed: 0 });
    } else if (last && line.startsWith('+')) last.added += 1;
    else if (last && line.startsWith('-')) last.removed += 1;
  }
  return files.map(({ path, ...fact }) => [path, fact]);
}

/** The command line of a call, on one line and shortened; null if it runs none. */
export function commandOf(call: CallItem): string | null {
  const script = scriptOf(call);
  return script === null ? null : shortened(script);
}

/** The command line of a call as the model wrote it; null if it runs none. */
function scriptOf(call: CallItem): string | null {
  if (call.type === 'local_shell_call') return scriptIn(call.action.command);
  const args = commandArguments.safeParse(parsedJson(argumentsOf(call))).data;
  const command = args?.cmd ?? args?.command;
  if (command === undefined) return null;
  return typeof command === 'string' ? command : scriptIn(command);
}

function scriptIn(argv: readonly string[]): string {
  const isScript = argv.length === 3 && /^-l?c$/.test(argv[1] ?? '');
  return isScript ? (argv[2] ?? '') : argv.join(' ');
}

function argumentsOf(call: CallItem): string {
  if (call.type === 'function_call') return call.arguments;
  return call.type === 'custom_tool_call' ? call.input : '';
}

function textOf({ output }: OutputItem): string {
  if (typeof output === 'string') return output;
  return output.map((part) => (part.type === 'input_text' ? part.text : '')).join('\n');
}

function parsedJson(text: string): unknown {
  // Most outputs are plain text, and a failed parse costs a hundred times this look.
  return /^\s*\{/.test(text) ? parseJson(text) : null;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_COMMAND_CHARS ? `${line.slice(0, MAX_COMMAND_CHARS)}...` : line;
}
