import type { SessionUpdate, ToolCall, ToolCallContent, ToolCallUpdate } from '@agentclientprotocol/sdk';
import type { ApprovalRequest } from '../../../foundation/protocol/index.ts';
import { cutBytesStart } from '../../../foundation/util/index.ts';
import type { SessionClient } from '../client.ts';
import { questionView } from '../permissions/question-view.ts';
import { callView, type WorkItem } from './call-view.ts';
import { commandContent } from './command-view.ts';
import { type CallView, textContent } from './content.ts';

/** The end of a running command's output, UTF-8 bytes: what a client without terminals is sent of it while it runs. */
const LIVE_OUTPUT_BYTES = 16 * 1024;
/** Time between two updates with the output of a running command, ms: each has all of that end. */
const LIVE_OUTPUT_EVERY_MS = 250;

/**
 * Commands and calls of MCP servers start with an item and may then be asked about. Without a question or output for this long
 * they count as running, ms.
 */
const QUIET_START_MS = 1_000;

interface OpenCall {
  readonly toolCallId: string;
  readonly item: WorkItem;
  output: string;
  sentAt: number;
  /** Until it is known to run. */
  start: NodeJS.Timeout | null;
}

export interface CallFeedOptions {
  readonly client: SessionClient;
  /** Keeps the ids of a subagent's calls apart from those of others. */
  readonly prefix: string;
}

/** The calls of one thread as tool calls of the client's session, each announced once and ended once. */
export class CallFeed {
  readonly #options: CallFeedOptions;
  /** By the id of the item. */
  readonly #open = new Map<string, OpenCall>();
  /** Calls that were announced because they need approval, and have not started: tool call ids by call ids. */
  readonly #asked = new Map<string, string>();
  readonly #used = new Set<string>();
  /** Tool call ids by the ids of items, which are unique in the thread. */
  readonly #shown = new Map<string, string>();

  constructor(options: CallFeedOptions) {
    this.#options = options;
  }

  async started(item: WorkItem): Promise<void> {
    const callId = item.id.replace(/(#\d+)+$/, '');
    const asked = this.#asked.get(callId);
    this.#asked.delete(callId);
    const toolCallId = asked ?? this.#newId(item.id);
    this.#shown.set(item.id, toolCallId);
    const open: OpenCall = { toolCallId, item, output: '', sentAt: performance.now(), start: null };
    this.#open.set(item.id, open);
    const isWaiting = asked === undefined && (item.type === 'commandExecution' || item.type === 'mcpToolCall');
    if (isWaiting) open.start = setTimeout(() => void this.#runs(open), QUIET_START_MS).unref();
    const view = this.#withTerminal(toolCallId, item, callView(item, { isOver: false, isLive: true }));
    const shown = isWaiting ? { ...view, status: 'pending' as const } : view;
    await this.#send(asked === undefined ? 'tool_call' : 'tool_call_update', toolCallId, shown);
  }

  async updated(item: WorkItem): Promise<void> {
    const open = this.#open.get(item.id);
    if (open === undefined) return await this.started(item);
    const view = callView(item, { isOver: false, isLive: true });
    await this.#send('tool_call_update', open.toolCallId, this.#withTerminal(open.toolCallId, item, view));
  }

  async output(itemId: string, delta: string): Promise<void> {
    const open = this.#open.get(itemId);
    if (open?.item.type !== 'commandExecution') return;
    const { toolCallId } = open;
    await this.#runs(open);
    if (this.#options.client.can.hasTerminalOutput) {
      const _meta = { terminal_output: { terminal_id: toolCallId, data: delta } };
      return await this.#update({ sessionUpdate: 'tool_call_update', toolCallId, _meta });
    }
    open.output = cutBytesStart(open.output + delta, LIVE_OUTPUT_BYTES);
    if (performance.now() - open.sentAt < LIVE_OUTPUT_EVERY_MS) return;
    open.sentAt = performance.now();
    const content = [textContent(commandContent({ ...open.item, aggregatedOutput: open.output }))];
    await this.#update({ sessionUpdate: 'tool_call_update', toolCallId, content });
  }

  async completed(item: WorkItem): Promise<void> {
    if (!this.#open.has(item.id)) await this.started({ ...item });
    const open = this.#open.get(item.id);
    const toolCallId = open?.toolCallId ?? item.id;
    if (open !== undefined) stopWaiting(open);
    this.#open.delete(item.id);
    const view = this.#withTerminal(toolCallId, item, callView(item, { isOver: true, isLive: true }));
    await this.#send('tool_call_update', toolCallId, { ...view, ...this.#terminalEnd(toolCallId, item) });
  }

  /** A call that has ended, whole: under the id that it was shown by, if it was. */
  async replayed(item: WorkItem): Promise<void> {
    const toolCallId = this.#shown.get(item.id) ?? this.#newId(item.id);
    this.#shown.set(item.id, toolCallId);
    await this.#send('tool_call', toolCallId, callView(item, { isOver: true, isLive: false }));
  }

  /** Announces a call that waits for approval, or says so of one that runs. @returns it, for the question */
  async asked(request: ApprovalRequest): Promise<ToolCallUpdate> {
    const view = questionView(request);
    const running = 'callId' in request ? this.#running(request.callId) : undefined;
    const id = 'callId' in request ? request.callId : request.questionId;
    const toolCallId = running?.toolCallId ?? this.#asked.get(id) ?? this.#newId(id);
    if (running !== undefined) stopWaiting(running);
    const isKnown = running !== undefined || this.#asked.has(id);
    if (running === undefined) this.#asked.set(id, toolCallId);
    await this.#send(isKnown ? 'tool_call_update' : 'tool_call', toolCallId, view);
    return { toolCallId, ...view };
  }

  /** The answer to a question. A call that is not allowed is ended by its own item. */
  async decided(request: ApprovalRequest, isAllowed: boolean): Promise<void> {
    if (!('callId' in request)) {
      const toolCallId = this.#asked.get(request.questionId);
      this.#asked.delete(request.questionId);
      if (toolCallId === undefined) return;
      const status = isAllowed ? 'completed' : 'failed';
      return await this.#update({ sessionUpdate: 'tool_call_update', toolCallId, status });
    }
    const running = this.#running(request.callId);
    if (running === undefined || !isAllowed) return;
    stopWaiting(running);
    const { toolCallId } = running;
    await this.#update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'in_progress' });
  }

  /** The turn has ended: what was asked about and never ran will not. */
  async turnEnded(): Promise<void> {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const toolCallId of asked) await this.#failed(toolCallId, 'It was not run.');
  }

  /** No end of any call will be seen any more. */
  async ended(): Promise<void> {
    await this.turnEnded();
    const open = [...this.#open.values()];
    this.#open.clear();
    open.forEach(stopWaiting);
    for (const { toolCallId } of open) await this.#failed(toolCallId, 'Its end was not seen.');
  }

  /** The calls that run, again: for a client that loads a session in the middle of a turn. */
  async repeatOpen(): Promise<void> {
    for (const { toolCallId, item } of this.#open.values()) {
      await this.#send('tool_call', toolCallId, callView(item, { isOver: false, isLive: true }));
    }
  }

  async #runs(open: OpenCall): Promise<void> {
    if (open.start === null) return;
    stopWaiting(open);
    const { toolCallId } = open;
    await this.#update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'in_progress' });
  }

  #running(callId: string): OpenCall | undefined {
    return [...this.#open].findLast(([id]) => id.replace(/(#\d+)+$/, '') === callId)?.[1];
  }

  #newId(id: string): string {
    const base = `${this.#options.prefix}${id}`;
    let free = base;
    for (let count = 2; this.#used.has(free); count += 1) free = `${base}#${count}`;
    this.#used.add(free);
    return free;
  }

  /** For clients that show a terminal by what `_meta` says of it. */
  #withTerminal(terminalId: string, item: WorkItem, view: CallView): CallView {
    if (item.type !== 'commandExecution' || !this.#options.client.can.hasTerminalOutput) return view;
    const terminal: ToolCallContent = { type: 'terminal', terminalId };
    const isOver = view.status === 'completed' || view.status === 'failed';
    return {
      ...view,
      content: isOver ? [terminal, ...(view.content ?? [])] : [terminal],
      _meta: { terminal_info: { terminal_id: terminalId, cwd: item.cwd } },
    };
  }

  #terminalEnd(terminalId: string, item: WorkItem): Pick<ToolCall, '_meta'> {
    if (item.type !== 'commandExecution' || !this.#options.client.can.hasTerminalOutput) return {};
    return { _meta: { terminal_exit: { terminal_id: terminalId, exit_code: item.exitCode, signal: null } } };
  }

  async #failed(toolCallId: string, why: string): Promise<void> {
    const content = [textContent(why)];
    await this.#update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'failed', content });
  }

  #send(sessionUpdate: 'tool_call' | 'tool_call_update', toolCallId: string, view: CallView): Promise<void> {
    if (sessionUpdate === 'tool_call') return this.#update({ sessionUpdate, toolCallId, ...view });
    return this.#update({ sessionUpdate, toolCallId, ...view });
  }

  #update(update: SessionUpdate): Promise<void> {
    return this.#options.client.update(update);
  }
}

function stopWaiting(open: OpenCall): void {
  clearTimeout(open.start ?? undefined);
  open.start = null;
}
