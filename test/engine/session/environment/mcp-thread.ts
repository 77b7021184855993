import { afterEach, beforeEach, expect } from 'vitest';
import type { ThreadItemOf } from '../../../../src/foundation/protocol/index.ts';
import {
  functionCall,
  type ModelServer,
  message,
  type RecordedRequest,
  type Response,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../../src/testing/index.ts';
import { processesWith } from '../../../support/keel.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../../../support/session.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

export const ok = respond(message('ok'), usage({ input: 10, output: 1 }));

export function calls(name: string, args: object = {}, id = 'call_1'): Response {
  return respond(functionCall(name, args, id), usage({ input: 10, output: 1 }));
}

/** A thread with MCP servers against a scripted model; what its servers leave running fails the test. */
export class McpThread {
  readonly home: TempDir = tempDir();
  readonly repo: TempDir = tempDir();
  #model: ModelServer | null = null;
  #live: TestSession | null = null;

  /** Opens a session whose settings are these, in place of the one before. Nobody answers approvals unless `more` says so. */
  async open(
    script: Script,
    overrides: readonly string[],
    more: Partial<TestSessionOptions> = {},
  ): Promise<TestSession> {
    await this.close();
    this.#model = await startModelServer(script);
    const where = { url: this.#model.url, home: this.home.path, cwd: this.repo.path };
    this.#live = await testSession({ ...where, overrides, options: { canAsk: false }, ...more });
    return this.#live;
  }

  get live(): TestSession {
    if (this.#live === null) throw new Error('no session is open');
    return this.#live;
  }

  get model(): ModelServer {
    if (this.#model === null) throw new Error('no session was opened');
    return this.#model;
  }

  request(index: number): RecordedRequest {
    const request = this.model.requests[index];
    if (request === undefined) throw new Error(`there is no request ${index}`);
    return request;
  }

  toolNames(index: number): string[] {
    return this.request(index).tools.map(({ name }) => String(name));
  }

  mcpNames(index: number): string[] {
    return this.toolNames(index).filter((name) => name.startsWith('mcp__'));
  }

  /** What the newest request tells of a call. */
  outputOf(id = 'call_1'): unknown {
    return this.model.requests.at(-1)?.outputOf(id);
  }

  warnings(): string[] {
    return this.live.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  }

  /** Warnings, without those that only name tools which are not offered. */
  failures(): string[] {
    return this.warnings().filter((message) => !message.includes('not offered to the model'));
  }

  async mcpItem(): Promise<ThreadItemOf<'mcpToolCall'>> {
    const { item } = await this.live.next('item.completed', ({ item: { type } }) => type === 'mcpToolCall');
    if (item.type !== 'mcpToolCall') throw new Error('another item');
    return item;
  }

  async close(): Promise<void> {
    await this.#live?.[Symbol.asyncDispose]();
    await this.#model?.close();
    expect(processesWith(this.home.path)).toEqual([]);
  }

  remove(): void {
    this.home[Symbol.dispose]();
    this.repo[Symbol.dispose]();
  }
}

/** One for each test of a file. */
export function mcpThreads(): () => McpThread {
  let thread: McpThread | null = null;
  beforeEach(() => {
    thread = new McpThread();
  });
  afterEach(async () => {
    await thread?.close();
    thread?.remove();
  });
  return () => {
    if (thread === null) throw new Error('only within a test');
    return thread;
  };
}
