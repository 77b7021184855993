import type {
  SessionEvent,
  ThreadItem,
  ThreadItemOf,
  TokenUsage,
  WebSearchAction,
} from '../../foundation/protocol/index.ts';
import { assertNever } from '../../foundation/util/index.ts';
import { droppedMessage, type ExecPrinter } from './printer.ts';

type Json = Readonly<Record<string, unknown>>;

const agentToolNames = {
  spawnAgent: 'spawn_agent',
  sendInput: 'send_input',
  wait: 'wait',
  closeAgent: 'close_agent',
} as const;

/** What other readers of this output call the states of a helper. */
const agentStatusNames = {
  running: 'running',
  completed: 'completed',
  failed: 'errored',
  interrupted: 'interrupted',
  closed: 'shutdown',
} as const;

const statusNames = {
  inProgress: 'in_progress',
  completed: 'completed',
  failed: 'failed',
  declined: 'failed',
  interrupted: 'failed',
} as const;

/**
 * Prints the events of a run as the JSONL that the published SDK and scripts read: one object a line, types and member
 * names in snake_case, items numbered `item_0`, `item_1`, ... in order of their first appearance in the thread.
 */
export class JsonlPrinter implements ExecPrinter {
  readonly #write: (line: string) => void;
  readonly #ids = new Map<string, string>();
  #nextId = 0;
  #usage: TokenUsage | null = null;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  print(event: SessionEvent): void {
    switch (event.type) {
      case 'thread.started':
        // A resumed thread goes on counting, so that an id names one item of the whole thread.
        for (const turn of event.turns) for (const item of turn.items) this.#nextId += linesOf(item).length;
        return this.#line({ type: 'thread.started', thread_id: event.threadId });
      case 'turn.started':
        return this.#line({ type: 'turn.started' });
      case 'item.started':
        return this.#started(event.item);
      case 'item.updated':
        return this.#updated(event.item);
      case 'item.completed':
        return this.#completed(event.item);
      case 'usage.updated':
        this.#usage = event.info?.total_token_usage ?? this.#usage;
        return;
      case 'warning':
        return this.#item('item.completed', this.#freshId(), { type: 'error', message: event.message });
      case 'error':
        return this.#line({ type: 'error', message: event.error.message });
      case 'turn.completed':
        return this.#turnCompleted(event);
      case 'events.lost':
        return this.#item('item.completed', this.#freshId(), {
          type: 'error',
          message: `${event.dropped} events were lost: this output was read too slowly`,
        });
      case 'submissions.dropped':
        return this.#item('item.completed', this.#freshId(), { type: 'error', message: droppedMessage(event) });
      case 'thread.rolledBack':
      case 'item.delta':
      case 'turn.diff':
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

  /** What ended the run outside of its turn, as the last line in place of the turn's own end. */
  printFailure(message: string): void {
    this.#line({ type: 'turn.failed', error: { message } });
  }

  #turnCompleted(event: Extract<SessionEvent, { type: 'turn.completed' }>): void {
    if (event.status === 'completed') {
      const { input_tokens = 0, cached_input_tokens = 0, output_tokens = 0 } = this.#usage ?? {};
      return this.#line({ type: 'turn.completed', usage: { input_tokens, cached_input_tokens, output_tokens } });
    }
    const message = event.error?.message ?? 'the turn was interrupted';
    this.#line({ type: 'turn.failed', error: { message } });
  }

  #started(item: ThreadItem): void {
    if (!hasBeginning(item)) return;
    for (const body of linesOf(item)) this.#item('item.started', this.#idOf(item.id), body);
  }

  #updated(item: ThreadItem): void {
    if (item.type !== 'plan') return;
    for (const body of linesOf(item)) this.#item('item.updated', this.#idOf(item.id), body);
  }

  #completed(item: ThreadItem): void {
    for (const body of linesOf(item)) {
      this.#item('item.completed', hasBeginning(item) ? this.#idOf(item.id) : this.#freshId(), body);
    }
    this.#ids.delete(item.id);
  }

  #item(type: string, id: string, body: Json): void {
    this.#line({ type, item: { id, ...body } });
  }

  #idOf(itemId: string): string {
    const known = this.#ids.get(itemId);
    if (known !== undefined) return known;
    const id = this.#freshId();
    this.#ids.set(itemId, id);
    return id;
  }

  #freshId(): string {
    const id = `item_${this.#nextId}`;
    this.#nextId += 1;
    return id;
  }

  #line(value: Json): void {
    this.#write(`${wellFormedJson(value)}\n`);
  }
}

/** Half of a character, which `JSON.stringify` writes as an escape that many readers refuse; an escaped backslash is none. */
const LONE_SURROGATE = /(\\\\)|\\ud[89a-f][0-9a-f]{2}/gi;

function wellFormedJson(value: Json): string {
  return JSON.stringify(value).replaceAll(LONE_SURROGATE, (_match, backslash?: string) => backslash ?? '\\ufffd');
}

/** Kinds whose beginning is told too, under the same id. */
function hasBeginning({ type }: ThreadItem): boolean {
  return type === 'commandExecution' || type === 'mcpToolCall' || type === 'plan' || type === 'collabAgentToolCall';
}

function agentStates(states: ThreadItemOf<'collabAgentToolCall'>['agentsStates']): Json {
  return Object.fromEntries(
    Object.entries(states).map(([id, { status, message }]) => [id, { status: agentStatusNames[status], message }]),
  );
}

function searchAction(action: WebSearchAction): Json {
  switch (action.type) {
    case 'openPage':
      return { type: 'open_page', url: action.url };
    case 'findInPage':
      return { type: 'find_in_page', url: action.url, pattern: action.pattern };
    case 'search':
    case 'other':
      return action;
  }
}

/** The objects that stand for an item in this output: none for kinds it has no name for, one a part for reasoning. */
function linesOf(item: ThreadItem): Json[] {
  switch (item.type) {
    case 'agentMessage':
      return [{ type: 'agent_message', text: item.text }];
    case 'reasoning':
      return item.summary.map((text) => ({ type: 'reasoning', text }));
    case 'commandExecution':
      return [
        {
          type: 'command_execution',
          command: item.command,
          aggregated_output: item.aggregatedOutput ?? '',
          exit_code: item.exitCode,
          status: statusNames[item.status],
        },
      ];
    case 'fileChange':
      return [
        {
          type: 'file_change',
          changes: item.changes.map((change) => ({ path: change.path, kind: change.kind.type })),
          status: statusNames[item.status],
        },
      ];
    case 'mcpToolCall':
      return [
        {
          type: 'mcp_tool_call',
          server: item.server,
          tool: item.tool,
          arguments: item.arguments,
          result: item.result && { content: item.result.content, structured_content: item.result.structuredContent },
          error: item.error,
          status: statusNames[item.status],
        },
      ];
    case 'webSearch':
      return [{ type: 'web_search', query: item.query, ...(item.action && { action: searchAction(item.action) }) }];
    case 'plan':
      return [
        {
          type: 'todo_list',
          items: item.steps.map(({ step, status }) => ({ text: step, completed: status === 'completed' })),
        },
      ];
    case 'budgetExceeded':
      return [{ type: 'error', message: item.message }];
    case 'exitedReviewMode':
      return [{ type: 'agent_message', text: item.review }];
    case 'collabAgentToolCall':
      return [
        {
          type: 'collab_tool_call',
          tool: agentToolNames[item.tool],
          sender_thread_id: item.senderThreadId,
          receiver_thread_ids: item.receiverThreadIds,
          prompt: item.prompt,
          agents_states: agentStates(item.agentsStates),
          status: statusNames[item.status],
        },
      ];
    case 'userMessage':
    case 'enteredReviewMode':
    case 'undo':
    case 'toolCall':
    case 'imageView':
    case 'contextCompaction':
      return [];
    default:
      return assertNever(item, 'thread item');
  }
}
