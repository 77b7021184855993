import type { ThreadItemOf } from '../../foundation/protocol/index.ts';
import { monotonicMs } from '../../foundation/util/index.ts';
import type { CallResult } from '../../models/mcp/index.ts';
import type { ToolContext } from '../contract/index.ts';

type Item = ThreadItemOf<'mcpToolCall'>;

/** Between two reports of progress: a server may send thousands. */
const PROGRESS_PAUSE_MS = 200;

/** A call of a server as people see it: reported as started once, and as ended exactly once. */
export class McpCallItem {
  readonly #item: Item;
  readonly #context: ToolContext;
  readonly #startedAt = monotonicMs();
  #isEnded = false;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(call: Pick<Item, 'id' | 'server' | 'tool' | 'arguments'>, context: ToolContext) {
    this.#item = { type: 'mcpToolCall', ...call, status: 'inProgress', result: null, error: null, durationMs: null };
    this.#context = context;
    context.events.itemStarted(this.#item);
  }

  /** How far the server is; what comes too soon after the last one is left out. */
  progressed(progress: string): void {
    const now = monotonicMs();
    if (this.#isEnded || now - this.#shownAt < PROGRESS_PAUSE_MS) return;
    this.#shownAt = now;
    this.#context.events.itemUpdated({ ...this.#item, progress });
  }

  answered({ content, structuredContent = null, isError }: CallResult): void {
    this.#end({
      status: isError === true ? 'failed' : 'completed',
      result: { content: [...content], structuredContent },
    });
  }

  failed(status: 'failed' | 'declined', message: string): void {
    this.#end({ status, error: { message } });
  }

  #end(ending: Partial<Item>): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const durationMs = Math.round(monotonicMs() - this.#startedAt);
    this.#context.events.itemCompleted({ ...this.#item, ...ending, durationMs });
  }
}
