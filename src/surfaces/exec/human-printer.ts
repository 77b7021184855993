import type { SessionEventOf, ThreadItem, ThreadItemOf, TokenUsage } from '../../foundation/protocol/index.ts';
import { assertNever, printable, printableStyled } from '../../foundation/util/index.ts';
import { headerRows, type RunFacts } from './header.ts';
import {
  agentsText,
  changeText,
  duration,
  outcomeText,
  type Paint,
  painter,
  planText,
  type Style,
} from './human-texts.ts';
import { droppedMessage, type ExecPrinter, type RunEvent, type RunResult } from './printer.ts';
import { FAILED_OUTPUT_LINES, headAndTail, OUTPUT_LINES } from './shown-output.ts';
import { shownPath } from './shown-path.ts';

const RULE = '--------';

export interface HumanPrinterOptions {
  readonly facts: RunFacts;
  readonly prompt: string;
  readonly hideReasoning: boolean;
  readonly color: boolean;
  /** Receives everything but the final message. */
  readonly write: (text: string) => void;
  /** Receives the final message. */
  readonly writeMessage: (text: string) => void | Promise<void>;
  /** Whether whoever reads `write` reads the final message in the same place, so that it needs a heading. */
  readonly hasHeading: () => boolean;
  /** The command line that continues a thread. */
  readonly resumeCommand: (threadId: string) => string;
}

/** Shows people what happens, step by step. It does not print the final message, which goes to stdout alone. */
export class HumanPrinter implements ExecPrinter {
  readonly #options: HumanPrinterOptions;
  readonly #paint: Paint;
  #usage: TokenUsage | null = null;
  #cost: number | null = null;
  #cwd = '';
  /** The recorded thread, once its turn runs: a run that ends early can be continued by its id. */
  #thread: { readonly id: string; readonly hasTurn: boolean } | null = null;
  /** The newest message, not printed yet: the last one goes to stdout alone. */
  #lastMessage: string | null = null;

  constructor(options: HumanPrinterOptions) {
    this.#options = options;
    this.#paint = painter(options.color);
  }

  print(event: RunEvent): void {
    if (event.type === 'item.started' || event.type === 'error') this.#flushMessage();
    switch (event.type) {
      case 'thread.started':
        return this.#header(event);
      case 'item.started':
        return this.#started(event.item);
      case 'item.updated':
        return this.#plan(event.item);
      case 'item.completed':
        return this.#completed(event.item);
      case 'usage.updated':
        this.#usage = event.info?.total_token_usage ?? this.#usage;
        if (event.costUsd !== undefined) this.#cost = event.costUsd;
        return;
      case 'warning':
        return this.#line('warning', event.message, 'yellow');
      case 'hook.started':
        if (event.hook.statusMessage !== null) this.#line('hook', event.hook.statusMessage, 'cyan');
        return;
      case 'error':
        return this.#line(event.willRetry ? 'retry' : 'ERROR', event.error.message, event.willRetry ? 'yellow' : 'red');
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
        if (this.#thread !== null) this.#thread = { ...this.#thread, hasTurn: true };
        return;
      case 'turn.diff':
      case 'item.delta':
      case 'hook.completed':
      case 'approval.requested':
      case 'approval.resolved':
      case 'elicitation.completed':
      case 'rawItem.recorded':
      case 'historyEntry.answered':
      case 'submission.joined':
      case 'thread.closed':
        return;
      default:
        return assertNever(event, 'event');
    }
  }

  /** The end of the run: its final message, what it leaves undone, its cost, and how to continue it. */
  async end({ turn, message, notDone }: RunResult): Promise<void> {
    if (message !== null && turn.lastAgentMessage !== null) this.#lastMessage = null;
    this.#flushMessage();
    if (turn.status === 'interrupted') this.#write(`${this.#paint('yellow', 'interrupted')}\n`);
    if (message !== null) {
      if (this.#options.hasHeading()) this.#write(`${this.#paint('cyan', 'keel')}\n`);
      await this.#options.writeMessage(message);
    }
    for (const sentence of notDone?.messages ?? []) this.#write(`${this.#paint('red', sentence)}\n`);
    this.#tokens();
    if (turn.status !== 'completed') this.endEarly();
  }

  /** Names the command that continues the thread of a run that was cut short. */
  endEarly(): void {
    if (this.#thread?.hasTurn) this.#line('continue with', this.#options.resumeCommand(this.#thread.id), 'cyan');
  }

  #header(event: SessionEventOf<'thread.started'>): void {
    const { facts, prompt } = this.#options;
    this.#cwd = event.cwd;
    this.#thread = event.rolloutPath === null ? null : { id: event.threadId, hasTurn: false };
    this.#write(`keel ${facts.version}\n${RULE}\n`);
    for (const [label, value] of headerRows(event, facts)) this.#line(label, value, 'bold');
    this.#write(`${RULE}\n${this.#paint('cyan', 'user')}\n${headAndTail(prompt, FAILED_OUTPUT_LINES)}`);
  }

  #started(item: ThreadItem): void {
    if (item.type === 'commandExecution') {
      const where = item.cwd === this.#cwd ? '' : ` in ${shownPath(item.cwd, this.#cwd)}`;
      this.#write(`${this.#paint('magenta', 'exec')}\n${this.#paint('bold', item.command)}${where}\n`);
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
        if (!this.#options.hideReasoning && item.summary.length > 0) {
          this.#block('thinking', item.summary.join('\n'), 'dim');
        }
        return;
      case 'commandExecution': {
        const isDone = item.status === 'completed';
        const output = headAndTail(item.aggregatedOutput ?? '', isDone ? OUTPUT_LINES : FAILED_OUTPUT_LINES);
        this.#write(`${this.#paint(isDone ? 'green' : 'red', ` ${outcomeText(item)}:`)}\n`);
        return this.#write(this.#paint('dim', output));
      }
      case 'fileChange':
        return this.#fileChange(item);
      case 'mcpToolCall': {
        const outcome = item.status === 'completed' ? 'success' : 'failed';
        const result = item.error?.message ?? JSON.stringify(item.result, null, 2);
        return this.#write(` ${outcome}${duration(item.durationMs)}:\n${headAndTail(result ?? '', OUTPUT_LINES)}`);
      }
      case 'webSearch':
        return this.#line('search', item.query, 'magenta');
      case 'imageView':
        return this.#line('viewed image', shownPath(item.path, this.#cwd), 'magenta');
      case 'imageGeneration':
        return this.#line('picture', `${item.prompt} (keel export shows it)`.trim(), 'magenta');
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

  #fileChange({ status, changes, reason }: ThreadItemOf<'fileChange'>): void {
    const note = status === 'completed' ? '' : this.#paint('red', ` (${status})`);
    this.#write(`${this.#paint('magenta', 'file update')}${note}\n`);
    for (const change of changes) this.#write(changeText(change, this.#cwd, this.#paint));
    if (reason !== undefined) this.#line('reason', reason, 'red');
  }

  #plan(item: ThreadItem): void {
    if (item.type === 'plan') this.#block('plan', planText(item), 'magenta');
  }

  #flushMessage(): void {
    if (this.#lastMessage !== null) this.#block('keel', this.#lastMessage, 'cyan');
    this.#lastMessage = null;
  }

  #tokens(): void {
    if (!this.#usage) return;
    const { input_tokens, cached_input_tokens, output_tokens } = this.#usage;
    const used = Math.max(0, input_tokens - cached_input_tokens) + output_tokens;
    this.#write(`${this.#paint('dim', 'tokens used')}\n${used.toLocaleString('en-US')}\n`);
    if (this.#cost) this.#write(`${this.#paint('dim', 'cost')}\n$${this.#cost.toFixed(4)}\n`);
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
