import type { SessionEvent, ThreadItem } from '../../../foundation/protocol/index.ts';

/** How much of a command's output is kept for an item that is cut off: its end, in characters. */
const MAX_OUTPUT_CHARS = 64 * 1024;

/** The items of a turn that were started and not completed. */
export class OpenItems {
  readonly #items = new Map<string, ThreadItem>();
  /** The text so far of messages, summaries and commands. */
  readonly #texts = new Map<string, string>();

  note(event: SessionEvent): void {
    if (event.type === 'item.started' || event.type === 'item.updated') this.#items.set(event.item.id, event.item);
    else if (event.type === 'item.completed') {
      this.#items.delete(event.item.id);
      this.#texts.delete(event.item.id);
    } else if (event.type === 'item.delta' && event.part !== 'reasoningText') {
      const text = (this.#texts.get(event.itemId) ?? '') + event.delta;
      const isLong = event.part === 'commandOutput' && text.length > 2 * MAX_OUTPUT_CHARS;
      this.#texts.set(event.itemId, isLong ? text.slice(-MAX_OUTPUT_CHARS) : text);
    }
  }

  /** The open items as they end when their turn is cut off. */
  interrupted(): ThreadItem[] {
    return [...this.#items.values()].map((item) => asInterrupted(item, this.#texts.get(item.id) ?? ''));
  }

  compactions(): ThreadItem[] {
    return [...this.#items.values()].filter(({ type }) => type === 'contextCompaction');
  }

  /** The plan of the turn, which stays open until the turn ends. */
  plans(): ThreadItem[] {
    return [...this.#items.values()].filter(({ type }) => type === 'plan');
  }
}

function asInterrupted(item: ThreadItem, text: string): ThreadItem {
  switch (item.type) {
    case 'agentMessage':
      return { ...item, text, interrupted: true };
    case 'reasoning':
      return { ...item, summary: text === '' ? [] : [text], interrupted: true };
    case 'webSearch':
    case 'imageGeneration':
    case 'contextCompaction':
      return { ...item, interrupted: true };
    case 'commandExecution': {
      const printed = text === '' ? null : text.slice(-MAX_OUTPUT_CHARS);
      return { ...item, status: 'interrupted', aggregatedOutput: item.aggregatedOutput ?? printed };
    }
    case 'fileChange':
    case 'mcpToolCall':
    case 'toolCall':
    case 'undo':
    case 'collabAgentToolCall':
      return { ...item, status: 'interrupted' };
    case 'userMessage':
    case 'plan':
    case 'imageView':
    case 'budgetExceeded':
    case 'enteredReviewMode':
    case 'exitedReviewMode':
      return item;
  }
}
