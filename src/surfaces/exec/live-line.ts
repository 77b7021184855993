import type { ThreadItem } from '../../foundation/protocol/index.ts';
import type { RunEvent } from './printer.ts';

/** Between two pictures of the line, milliseconds. A wait of less than a second shows nothing. */
const TICK_MS = 1_000;
const MAX_COMMAND_CHARS = 200;

export interface LiveLineOptions {
  /** Replaces the line; null erases it. */
  readonly draw: (text: string | null) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** The last line of a terminal while a run waits: for what, for how long, and the tokens so far. */
export class LiveLine implements Disposable {
  readonly #options: LiveLineOptions;
  /** Commands and calls that run, with when they started. */
  readonly #running = new Map<string, { readonly what: string; readonly since: number }>();
  #idleSince = 0;
  #tokens = 0;
  #timer: NodeJS.Timeout | null = null;
  #isDrawn = false;

  constructor(options: LiveLineOptions) {
    this.#options = options;
  }

  note(event: RunEvent): void {
    const now = this.#options.now();
    switch (event.type) {
      case 'turn.started':
        return this.#restart(now);
      case 'item.started':
        if (event.item.type === 'commandExecution') this.#start(event.item.id, event.item.command);
        if (event.item.type === 'mcpToolCall') this.#start(event.item.id, `${event.item.server}.${event.item.tool}`);
        return;
      case 'item.updated':
        return this.#progressed(event.item);
      case 'item.completed':
        this.#running.delete(event.item.id);
        if (this.#timer !== null) this.#restart(now);
        return;
      case 'usage.updated':
        this.#tokens = event.info?.total_token_usage.total_tokens ?? this.#tokens;
        return;
    }
  }

  /** Counts from here: the line shows whole seconds of what runs now. */
  #restart(now: number): void {
    this.#idleSince = now;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#draw(), TICK_MS).unref();
  }

  /** Makes room for other output; the line returns with the next tick. */
  hide(): void {
    if (this.#isDrawn) this.#options.draw(null);
    this.#isDrawn = false;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.hide();
  }

  #start(id: string, text: string): void {
    const [what = ''] = text.split('\n', 1);
    const now = this.#options.now();
    this.#running.set(id, { what: what.slice(0, MAX_COMMAND_CHARS), since: now });
    if (this.#timer !== null) this.#restart(now);
  }

  #progressed(item: ThreadItem): void {
    const running = this.#running.get(item.id);
    if (item.type !== 'mcpToolCall' || item.progress === undefined || running === undefined) return;
    const what = `${item.server}.${item.tool}: ${item.progress}`.slice(0, MAX_COMMAND_CHARS);
    this.#running.set(item.id, { ...running, what });
  }

  #draw(): void {
    const [oldest] = this.#running.values();
    const seconds = Math.round((this.#options.now() - (oldest?.since ?? this.#idleSince)) / 1_000);
    if (seconds === 0) return;
    const others = this.#running.size - 1;
    const more = others > 0 ? ` and ${others} more` : '';
    const tokens = this.#tokens === 0 ? '' : ` · ${this.#tokens.toLocaleString('en-US')} tokens`;
    const what = oldest === undefined ? `working ${elapsed(seconds)}` : `running ${elapsed(seconds)}`;
    this.#options.draw(`• ${what}${tokens}${oldest === undefined ? '' : `: ${oldest.what}${more}`}`);
    this.#isDrawn = true;
  }
}

function elapsed(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
}
