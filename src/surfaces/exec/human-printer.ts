import type {
  SandboxPolicy,
  SessionEvent,
  SessionEventOf,
  ThreadItem,
  TokenUsage,
} from '../../foundation/protocol/index.ts';
import { assertNever, printable, printableStyled } from '../../foundation/util/index.ts';
import {
  agentsText,
  changeText,
  duration,
  firstLines,
  outcomeText,
  type Paint,
  painter,
  planText,
  type Style,
  sandboxText,
} from './human-texts.ts';
import { droppedMessage, type ExecPrinter } from './printer.ts';
import { RefusedChanges } from './refused-changes.ts';

const RULE = '--------';

/** What the banner shows of the run before it starts. */
interface RunFacts {
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

/** Shows people what happens, step by step. It does not print the final message, which goes to stdout alone. */
export class HumanPrinter implements ExecPrinter {
  readonly #options: HumanPrinterOptions;
  readonly #paint: Paint;
  #usage: TokenUsage | null = null;
  readonly #refused = new RefusedChanges();
  /** The newest message, not printed yet: the last one goes to stdout alone. */
  #lastMessage: string | null = null;

  constructor(options: HumanPrinterOptions) {
    this.#options = options;
    this.#paint = painter(options.color);
  }

  print(event: SessionEvent): void {
    if (event.type === 'item.started' || event.type === 'error') this.#flushMessage();
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
      ['sandbox', sandboxText(facts.sandboxPolicy)],
      ['effort', event.effort ?? 'default'],
      ['session id', event.threadId],
    ];
    this.#write(`keel ${facts.version}\n${RULE}\n`);
    for (const [key, value] of rows) this.#write(`${this.#paint('bold', `${key}:`)} ${value}\n`);
    this.#write(`${RULE}\n${this.#paint('cyan', 'user')}\n${facts.prompt}\n`);
  }

  #started(item: ThreadItem): void {
    if (item.type === 'commandExecution') {
      this.#write(`${this.#paint('magenta', 'exec')}\n${this.#paint('bold', item.command)} in ${item.cwd}\n`);
    }
    if (item.type === 'mcpToolCall') {
      this.#write(`${this.#paint('magenta', 'tool')} ${item.server}.${item.tool}(${JSON.stringify(item.arguments)})\n`);
    }
    this.#plan(item);
  }

  #completed(item: ThreadItem): void {
    switch (item.type) {
      case 'agentMessage':
        if (item.interrupted) return this.#block('keel (interrupted)', item.text, 'dim');
        this.#lastMessage = item.text;
        return;
      case 'reasoning':
        if (!this.#options.facts.hideReasoning && item.summary.length > 0) {
          this.#block('thinking', item.summary.join('\n'), 'dim');
        }
        return;
      case 'commandExecution': {
        const style = item.status === 'completed' ? 'green' : 'red';
        this.#write(`${this.#paint(style, ` ${outcomeText(item)}${duration(item.durationMs)}:`)}\n`);
        return this.#write(this.#paint('dim', firstLines(item.aggregatedOutput ?? '')));
      }
      case 'fileChange': {
        const status = item.status === 'completed' ? '' : this.#paint('red', ` (${item.status})`);
        this.#write(`${this.#paint('magenta', 'file update')}${status}\n`);
        for (const change of item.changes) this.#write(`${changeText(change, this.#paint)}\n`);
        if (item.reason !== undefined) this.#line('reason', item.reason, 'red');
        return this.#refused.note(item);
      }
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
        this.#line(item.tool, item.arguments, 'magenta');
        return item.reason === undefined ? undefined : this.#line('failed', item.reason, 'red');
      case 'collabAgentToolCall':
        return this.#line('agent', agentsText(item), 'magenta');
      case 'contextCompaction':
        return this.#line('compacted', 'the conversation was condensed to make room', 'dim');
      case 'enteredReviewMode':
        return this.#line('review', item.review, 'cyan');
      case 'undo':
        return this.#line('undo', item.message, 'magenta');
      // The turn's error shows it.
      case 'budgetExceeded':
      case 'exitedReviewMode':
      case 'plan':
      case 'userMessage':
        return;
      default:
        return assertNever(item, 'thread item');
    }
  }

  #plan(item: ThreadItem): void {
    if (item.type === 'plan') this.#block('plan', planText(item), 'magenta');
  }

  #flushMessage(): void {
    if (this.#lastMessage !== null) this.#block('keel', this.#lastMessage, 'cyan');
    this.#lastMessage = null;
  }

  #turnCompleted(event: SessionEventOf<'turn.completed'>): void {
    if (event.status === 'completed' && event.lastAgentMessage !== null) this.#lastMessage = null;
    this.#flushMessage();
    if (event.status === 'interrupted') this.#line('interrupted', event.abortReason ?? '', 'yellow');
    const refused = this.#refused.summary(this.#options.facts.sandboxPolicy);
    if (refused !== null) this.#line('refused', refused, 'red');
    if (!this.#usage) return;
    const { input_tokens, cached_input_tokens, output_tokens } = this.#usage;
    const used = Math.max(0, input_tokens - cached_input_tokens) + output_tokens;
    this.#write(`${this.#paint('dim', 'tokens used')}\n${used.toLocaleString('en-US')}\n`);
  }

  #block(label: string, body: string, style: Style): void {
    this.#write(`${this.#paint(style, label)}\n${body}\n`);
  }

  #line(label: string, body: string, style: Style): void {
    this.#write(`${this.#paint(style, `${label}:`)} ${body}\n`);
  }

  /** All output passes here: text of a model, a command or a file does not control the reader's terminal. */
  #write(text: string): void {
    this.#options.write(this.#options.color ? printableStyled(text) : printable(text));
  }
}
