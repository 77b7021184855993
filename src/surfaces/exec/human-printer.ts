import { styleText } from 'node:util';
import type {
  FileUpdate,
  SandboxPolicy,
  SessionEvent,
  SessionEventOf,
  ThreadItem,
  TokenUsage,
} from '../../foundation/protocol/index.ts';
import { assertNever, printable, printableStyled } from '../../foundation/util/index.ts';
import { droppedMessage, type ExecPrinter } from './printer.ts';

/** Lines of a command's output that are shown; the whole of it is in the events and, where long, in a file. */
const SHOWN_OUTPUT_LINES = 20;
const RULE = '--------';

type Style = Parameters<typeof styleText>[0];

/** What the banner tells of the run before it begins. */
export interface RunFacts {
  readonly version: string;
  readonly prompt: string;
  readonly provider: string;
  readonly approvalPolicy: string;
  readonly sandboxPolicy: SandboxPolicy;
  readonly hideReasoning: boolean;
}

export interface HumanPrinterOptions {
  readonly facts: RunFacts;
  readonly color: boolean;
  /** Receives everything but the final message. */
  readonly write: (text: string) => void;
}

/** Tells a person what happens, step by step. The final message is not this printer's: it goes to stdout alone. */
export class HumanPrinter implements ExecPrinter {
  readonly #options: HumanPrinterOptions;
  #usage: TokenUsage | null = null;
  /** The newest message, held back: if it turns out to be the last one it goes to stdout alone. */
  #held: string | null = null;

  constructor(options: HumanPrinterOptions) {
    this.#options = options;
  }

  print(event: SessionEvent): void {
    if (event.type === 'item.started' || event.type === 'error') this.#releaseHeld();
    switch (event.type) {
      case 'thread.started':
        return this.#banner(event);
      case 'item.started':
        return this.#started(event.item);
      case 'item.updated':
        return this.#plan(event.item);
      case 'item.completed':
        return this.#completed(event.item);
      case 'usage.updated':
        this.#usage = event.info?.total_token_usage ?? this.#usage;
        return;
      case 'warning':
        return this.#line('warning', event.message, 'yellow');
      case 'error':
        return this.#line(event.willRetry ? 'retry' : 'ERROR', event.error.message, event.willRetry ? 'yellow' : 'red');
      case 'turn.completed':
        return this.#turnCompleted(event);
      case 'events.lost':
        return this.#line('warning', `${event.dropped} events were lost: this output was read too slowly`, 'yellow');
      case 'thread.rolledBack':
        return this.#line(
          'rollback',
          event.removed === 1 ? 'the last turn is removed' : `the last ${event.removed} turns are removed`,
          'yellow',
        );
      case 'submissions.dropped':
        return this.#line('dropped', droppedMessage(event), 'yellow');
      case 'turn.started':
      case 'turn.diff':
      case 'item.delta':
      case 'approval.requested':
      case 'approval.resolved':
      case 'rawItem.recorded':
      case 'historyEntry.answered':
      case 'thread.closed':
        return;
      default:
        return assertNever(event, 'event');
    }
  }

  #banner(event: SessionEventOf<'thread.started'>): void {
    const { facts } = this.#options;
    const rows: [string, string][] = [
      ['workdir', event.cwd],
      ['model', event.model],
      ['provider', facts.provider],
      ['approval', facts.approvalPolicy],
      ['sandbox', describeSandbox(facts.sandboxPolicy)],
      ['effort', event.effort ?? 'default'],
      ['session id', event.threadId],
    ];
    this.#write(`keel ${facts.version}\n${RULE}\n`);
    for (const [key, value] of rows) this.#write(`${this.#styled('bold', `${key}:`)} ${value}\n`);
    this.#write(`${RULE}\n${this.#styled('cyan', 'user')}\n${facts.prompt}\n`);
  }

  #started(item: ThreadItem): void {
    if (item.type === 'commandExecution') {
      this.#write(`${this.#styled('magenta', 'exec')}\n${this.#styled('bold', item.command)} in ${item.cwd}\n`);
    }
    if (item.type === 'mcpToolCall') {
      this.#write(
        `${this.#styled('magenta', 'tool')} ${item.server}.${item.tool}(${JSON.stringify(item.arguments)})\n`,
      );
    }
    this.#plan(item);
  }

  #completed(item: ThreadItem): void {
    switch (item.type) {
      case 'agentMessage':
        if (item.interrupted) return this.#block('keel (interrupted)', item.text, 'dim');
        this.#held = item.text;
        return;
      case 'reasoning':
        if (!this.#options.facts.hideReasoning && item.summary.length > 0) {
          this.#block('thinking', item.summary.join('\n'), 'dim');
        }
        return;
      case 'commandExecution':
        return this.#commandEnded(item);
      case 'fileChange':
        return this.#fileChange(item);
      case 'mcpToolCall': {
        const outcome = item.status === 'completed' ? 'success' : 'failed';
        const result = item.error?.message ?? JSON.stringify(item.result, null, 2);
        return this.#write(` ${outcome}${duration(item.durationMs)}:\n${firstLines(result ?? '')}`);
      }
      case 'webSearch':
        return this.#line('search', item.query, 'magenta');
      case 'imageView':
        return this.#line('viewed image', item.path, 'magenta');
      case 'toolCall':
        return this.#line(item.tool, item.arguments, 'magenta');
      case 'collabAgentToolCall':
        return this.#agents(item);
      // The error of the turn says it.
      case 'budgetExceeded':
        return;
      case 'contextCompaction':
        return this.#line('compacted', 'the conversation was condensed to make room', 'dim');
      case 'enteredReviewMode':
        return this.#line('review', item.review, 'cyan');
      case 'undo':
        return this.#line('undo', item.message, 'magenta');
      case 'exitedReviewMode':
        return;
      case 'plan':
      case 'userMessage':
        return;
      default:
        return assertNever(item, 'thread item');
    }
  }

  #agents({ tool, status, prompt, agentsStates }: Extract<ThreadItem, { type: 'collabAgentToolCall' }>): void {
    const verb = { spawnAgent: 'spawn', sendInput: 'send', wait: 'wait', closeAgent: 'close' }[tool];
    const states = Object.values(agentsStates).map((state) => state.status);
    const outcome = status === 'completed' ? states.join(', ') : status;
    const task = prompt === null ? '' : `: ${prompt.split('\n')[0]?.slice(0, 120) ?? ''}`;
    this.#line('agent', `${verb} (${outcome})${task}`, 'magenta');
  }

  #commandEnded(item: Extract<ThreadItem, { type: 'commandExecution' }>): void {
    const ok = item.status === 'completed';
    const outcome = ok
      ? 'succeeded'
      : item.status === 'declined' || item.status === 'interrupted'
        ? item.status
        : `exited ${item.exitCode ?? '?'}`;
    this.#write(`${this.#styled(ok ? 'green' : 'red', ` ${outcome}${duration(item.durationMs)}:`)}\n`);
    this.#write(this.#styled('dim', firstLines(item.aggregatedOutput ?? '')));
  }

  #fileChange(item: Extract<ThreadItem, { type: 'fileChange' }>): void {
    const ok = item.status === 'completed';
    this.#write(`${this.#styled('magenta', 'file update')}${ok ? '' : this.#styled('red', ` (${item.status})`)}\n`);
    for (const change of item.changes) this.#write(`${this.#change(change)}\n`);
  }

  #change(change: FileUpdate): string {
    const { kind } = change;
    if (kind.type === 'add') return `A ${change.path}\n${this.#colouredDiff(prefixed(change.diff, '+'))}`;
    if (kind.type === 'delete') return `D ${change.path}`;
    const head = kind.movePath === null ? `M ${change.path}` : `R ${change.path} -> ${kind.movePath}`;
    return `${head}\n${this.#colouredDiff(change.diff)}`;
  }

  #colouredDiff(diff: string): string {
    const paint = (line: string) => {
      if (line.startsWith('+')) return this.#styled('green', line);
      if (line.startsWith('-')) return this.#styled('red', line);
      return line.startsWith('@@') ? this.#styled('cyan', line) : line;
    };
    return diff.trimEnd().split('\n').map(paint).join('\n');
  }

  #plan(item: ThreadItem): void {
    if (item.type !== 'plan') return;
    const marks = { completed: '✓', in_progress: '→', pending: '•' } as const;
    const rows = item.steps.map(({ step, status }) => `  ${marks[status]} ${step}`);
    this.#block('plan', [...(item.explanation ? [item.explanation] : []), ...rows].join('\n'), 'magenta');
  }

  #releaseHeld(): void {
    if (this.#held !== null) this.#block('keel', this.#held, 'cyan');
    this.#held = null;
  }

  #turnCompleted(event: SessionEventOf<'turn.completed'>): void {
    if (event.status === 'completed' && event.lastAgentMessage !== null) this.#held = null;
    this.#releaseHeld();
    if (event.status === 'interrupted') this.#line('interrupted', event.abortReason ?? '', 'yellow');
    if (!this.#usage) return;
    const { input_tokens, cached_input_tokens, output_tokens } = this.#usage;
    const used = Math.max(0, input_tokens - cached_input_tokens) + output_tokens;
    this.#write(`${this.#styled('dim', 'tokens used')}\n${used.toLocaleString('en-US')}\n`);
  }

  #block(label: string, body: string, style: Style): void {
    this.#write(`${this.#styled(style, label)}\n${body}\n`);
  }

  #line(label: string, body: string, style: Style): void {
    this.#write(`${this.#styled(style, `${label}:`)} ${body}\n`);
  }

  #styled(style: Style, text: string): string {
    return this.#options.color ? styleText(style, text, { validateStream: false }) : text;
  }

  /** The one way out: whatever a model, a command or a file says does not steer the reader's terminal. */
  #write(text: string): void {
    this.#options.write(this.#options.color ? printableStyled(text) : printable(text));
  }
}

/** `250ms`, `1.50s` or `1m 05s`, with the words before it. */
function duration(ms: number | null): string {
  if (ms === null) return '';
  if (ms < 1_000) return ` in ${Math.round(ms)}ms`;
  if (ms < 60_000) return ` in ${(ms / 1_000).toFixed(2)}s`;
  const seconds = Math.round(ms / 1_000);
  return ` in ${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
}

function firstLines(text: string): string {
  if (text === '') return '';
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, SHOWN_OUTPUT_LINES).join('\n');
  const more = lines.length - SHOWN_OUTPUT_LINES;
  return more > 0 ? `${shown}\n… ${more} more lines\n` : `${shown}\n`;
}

function prefixed(text: string, prefix: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => prefix + line)
    .join('\n');
}

function describeSandbox(policy: SandboxPolicy): string {
  if (policy.mode !== 'workspace-write') return policy.mode;
  const places = ['workdir'];
  if (!policy.exclude_slash_tmp) places.push('/tmp');
  if (!policy.exclude_tmpdir_env_var) places.push('$TMPDIR');
  places.push(...(policy.writable_roots ?? []));
  return `workspace-write [${places.join(', ')}]${policy.network_access ? ' (network access enabled)' : ''}`;
}
