import * as z from 'zod/mini';
import {
  type CallFacts,
  type CallItem,
  commandEnd,
  type OutputItem,
  type ResponseItem,
  type TurnWork,
} from '../../foundation/protocol/index.ts';
import { cutBytesEnd, cutBytesStart } from '../../foundation/util/index.ts';
import { chosenSkillLabel } from '../index.ts';
import { factsOf } from './call-facts.ts';
import { argumentsOf, parsedArguments, scriptOf, shortened, textOf } from './call-text.ts';
import { changesOf } from './command-changes.ts';
import { isCall, isOutput } from './pairs.ts';
import { type FileChange, filesOf } from './patched-files.ts';

const MAX_FILES = 100;
const MAX_COMMANDS = 40;
const MAX_READ = 30;
const MAX_SERVER_CALLS = 20;
const MAX_SKILLS = 10;
const MAX_CHECKS = 10;
const MAX_FAILURE_BYTES = 1_024;
const MAX_FACTS_BYTES = 16 * 1024;
const CHECK =
  /\b(tests?|check|lint|typecheck|tsc|pytest|vitest|jest|mocha|cargo|ctest|rspec|make|build|go (?:test|vet|build))\b/;
const SUMMARY_LINE = /^[^\w\n]*(?:\d+ (?:tests? )?(?:passed|failed|passing|failing)|(?:PASS|FAIL|ok)\b)/m;

const PlanStep = z.lazy(() => z.object({ step: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) }));
const planArguments = z.lazy(() => z.object({ plan: z.array(PlanStep) }));
const PLAN_MARKS = { pending: '[ ]', in_progress: '[>]', completed: '[x]' } as const;
const pathArguments = z.lazy(() =>
  z.object({
    path: z.optional(z.string()),
    file_path: z.optional(z.string()),
    input: z.optional(z.string()),
  }),
);

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

/** A place in a thread: how many edits and plans there were before it. */
export interface FactsPlace {
  readonly edits: number;
  readonly plans: number;
}

export interface LeftOpen {
  readonly uncheckedFiles: readonly string[];
  readonly openSteps: readonly string[];
}

/**
 * Facts of a thread that keel itself observed in its calls and their outputs as they were recorded. They go into the handover
 * when the conversation is compacted.
 */
export class ThreadFacts {
  readonly #calls = new Map<string, CallItem>();
  readonly #files = new Map<string, FileChange>();
  readonly #read = new Set<string>();
  readonly #unknown = new Map<string, string>();
  readonly #skills = new Set<string>();
  #commands: CommandFact[] = [];
  #serverCalls: readonly string[] = [];
  #plan: readonly z.infer<typeof PlanStep>[] = [];
  #check: CheckFact | null = null;
  /** The path of every edit, in order. */
  readonly #edits: string[] = [];
  /** Checks that ran after the last edit, each command once. */
  #checksSinceEdit: TurnWork['checks'] = [];
  /** How many edits there were when the last check ran. */
  #editsChecked = 0;
  #plansSet = 0;
  #hasSubagents = false;
  readonly #foundTools = new Set<string>();

  note(item: ResponseItem): void {
    if (isCall(item) && item.call_id) this.#calls.set(item.call_id, item);
    if (item.type === 'message') this.#noteSkill(item);
    if (!isOutput(item)) return;
    const call = this.#calls.get(item.call_id);
    this.#calls.delete(item.call_id);
    if (call) this.#noteCall(call, item);
  }

  /** The last check that ran; a summary is compared with it. */
  get lastCheck(): Pick<CheckFact, 'command' | 'exitCode' | 'isFresh'> | null {
    return this.#check;
  }

  /** Whether the model has started subagents. */
  get hasSubagents(): boolean {
    return this.#hasSubagents;
  }

  /** Tools of servers that the model has searched for and found, oldest first. Their number only grows. */
  get foundTools(): readonly string[] {
    return [...this.#foundTools];
  }

  /** Files that the agent's patches and commands changed: `A`, `M` or `D` and the path. */
  get changedFiles(): readonly string[] {
    return [...this.#files].map(([path, { kind }]) => `${kind} ${path}`);
  }

  /** The current end of the thread, for a later `since`. */
  get place(): FactsPlace {
    return { edits: this.#edits.length, plans: this.#plansSet };
  }

  /** Work left open since a place: files that were changed and not checked afterwards, open steps of a plan set since. */
  since({ edits, plans }: FactsPlace): LeftOpen {
    const openSteps = this.#plansSet > plans ? this.#plan.filter(({ status }) => status !== 'completed') : [];
    return {
      uncheckedFiles: [...new Set(this.#edits.slice(Math.max(edits, this.#editsChecked)))],
      openSteps: openSteps.map(({ step }) => step),
    };
  }

  /** What was changed since a place, and how it was checked; null: nothing was. */
  workSince({ edits }: FactsPlace): TurnWork | null {
    const changed = [...new Set(this.#edits.slice(edits))].map((path) => {
      const kind = this.#files.get(path)?.kind ?? 'M';
      return { path, kind: KINDS[kind] };
    });
    return changed.length === 0 ? null : { changed, checks: [...this.#checksSinceEdit] };
  }

  /** All facts, within `maxBytes`; empty if there are none. `running`: command sessions that still run, a line each. */
  render(running: readonly string[], maxBytes = MAX_FACTS_BYTES): string {
    const commands = this.#commandLines();
    const parts = [
      section('Plan', planLines(this.#plan)),
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

  #noteCall(call: CallItem, item: OutputItem): void {
    const name = call.type === 'local_shell_call' ? 'local_shell' : call.name;
    const { outcome, found = [] } = factsOf(name, item);
    if (outcome === 'unknown') {
      this.#unknown.set(call.call_id ?? '', shortened(`${name} ${argumentsOf(call)}`));
      return;
    }
    if (name === 'spawn_agent') this.#hasSubagents = true;
    if (name === 'tool_search') for (const tool of found) this.#foundTools.add(tool);
    else if (name === 'update_plan') this.#notePlan(call);
    else if (name === 'apply_patch' || name === 'edit_file') this.#noteEdit(call, textOf(item));
    else if (name === 'read_file') this.#noteRead(call);
    else if (name.startsWith('mcp__')) this.#noteServerCall(call, outcome);
    else this.#noteCommand(call, textOf(item));
  }

  /** A compaction leaves out the text of a skill, so its name is kept. The newest come last. */
  #noteSkill(item: ResponseItem): void {
    const label = chosenSkillLabel(item);
    if (label === null) return;
    this.#skills.delete(label);
    this.#skills.add(label);
  }

  #notePlan(call: CallItem): void {
    const parsed = planArguments.safeParse(parsedArguments(call)).data;
    if (!parsed) return;
    this.#plansSet += 1;
    this.#plan = parsed.plan;
  }

  #noteEdit(call: CallItem, output: string): void {
    if (commandEnd(output)?.exitCode !== 0) return;
    const args = pathArguments.safeParse(parsedArguments(call)).data;
    const patch = call.type === 'custom_tool_call' ? call.input : (args?.input ?? '');
    for (const [path, fact] of patch === ''
      ? [[args?.path ?? args?.file_path ?? '', EDITED] as const]
      : filesOf(patch)) {
      if (path !== '') this.#noteFile(path, fact);
    }
  }

  #noteFile(path: string, fact: FileChange): void {
    const before = this.#files.get(path);
    const kind = before?.kind === 'A' && fact.kind === 'M' ? 'A' : fact.kind;
    this.#files.set(path, {
      kind,
      added: (before?.added ?? 0) + fact.added,
      removed: (before?.removed ?? 0) + fact.removed,
    });
    this.#edits.push(path);
    this.#checksSinceEdit = [];
    if (this.#check) this.#check = { ...this.#check, isFresh: false };
  }

  #noteRead(call: CallItem): void {
    const path = pathArguments.safeParse(parsedArguments(call)).data?.file_path;
    if (path === undefined) return;
    this.#read.delete(path);
    this.#read.add(path);
  }

  #noteServerCall(call: CallItem, outcome: CallFacts['outcome']): void {
    if (call.type !== 'function_call' || outcome === 'notRun') return;
    const line = `${shortened(`${call.name} ${call.arguments}`)}${outcome === 'done' ? '' : ' (failed)'}`;
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
    const others = this.#checksSinceEdit.filter((check) => check.command !== command);
    this.#checksSinceEdit = [...others, { command, exitCode: ended.exitCode }].slice(-MAX_CHECKS);
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

const KINDS = { A: 'add', M: 'update', D: 'delete' } as const;
const EDITED: FileChange = { kind: 'M', added: 0, removed: 0 };

function planLines(plan: readonly z.infer<typeof PlanStep>[]): string[] {
  return plan.map(({ step, status }) => `${PLAN_MARKS[status]} ${step}`);
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}:\n${lines.join('\n')}`;
}
