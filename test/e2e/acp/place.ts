import type { ContentBlock, NewSessionRequest, PromptResponse } from '@agentclientprotocol/sdk';
import { afterAll, afterEach, beforeEach } from 'vitest';
import { type ModelServer, type Script, startModelServer } from '../../../src/testing/index.ts';
import { type AcpClient, type AcpClientOptions, connectAcp } from '../../support/programs/acp-client.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

type Answers = Pick<AcpClientOptions, 'answer' | 'fill'>;

interface ConnectOptions
  extends Answers,
    Partial<Pick<AcpClientOptions, 'capabilities' | 'env' | 'readFile' | 'writeFile'>> {
  /** Settings in place of those of the file. */
  readonly config?: string;
  /** Whether the test ends its agent. */
  readonly isOwn?: boolean;
}

/**
 * Where the clients of one test file work. They share a home and one running agent, but for those that need one of their own; a
 * repository and a scripted model are new for each test. Sessions read the address of the model when they are opened.
 */
export class AcpPlace {
  readonly home: TempDir = keelHome();
  repo: TempDir = gitRepository();
  readonly #config: string;
  #server: ModelServer | null = null;
  #shared: AcpClient | null = null;
  #answers: Answers = {};

  private constructor(config: string) {
    this.#config = config;
  }

  /** Registers the hooks of a test file. */
  static ofFile(config = ''): AcpPlace {
    const place = new AcpPlace(config);
    place.repo[Symbol.dispose]();
    beforeEach(() => {
      place.repo = gitRepository();
      place.#configure('http://127.0.0.1:1', config);
    });
    afterEach(async () => {
      await place.#server?.close();
      place.repo[Symbol.dispose]();
    });
    afterAll(async () => {
      await place.#shared?.[Symbol.asyncDispose]();
      place.home[Symbol.dispose]();
    });
    return place;
  }

  get server(): ModelServer {
    if (this.#server === null) throw new Error('no client has been connected');
    return this.#server;
  }

  /** Starts the model that sessions use from now on. */
  async serve(script: Script, config = this.#config): Promise<void> {
    this.#server = await startModelServer(script);
    this.#configure(this.#server.url, config);
  }

  /** A client. Without a script the model is that of the client before. */
  async connect(script: Script | null, options: ConnectOptions = {}): Promise<AcpClient> {
    const { answer, fill, config = this.#config, isOwn = false, ...more } = options;
    if (script !== null) await this.serve(script, config);
    this.#answers = { ...(answer === undefined ? {} : { answer }), ...(fill === undefined ? {} : { fill }) };
    const place = { home: this.home.path, cwd: this.repo.path, url: this.server.url, ...more };
    if (isOwn || Object.keys(more).length > 0) return await connectAcp({ ...place, ...this.#answers });
    this.#shared ??= await connectAcp({
      ...place,
      cwd: this.home.path,
      answer: (question) => this.#answers.answer?.(question) ?? null,
      fill: (form) => this.#answers.fill?.(form) ?? null,
    });
    return ofTest(this.#shared);
  }

  /** @returns the id of a new session in the repository */
  async open({ agent }: AcpClient, more: Partial<NewSessionRequest> = {}): Promise<string> {
    const { sessionId } = await agent.request('session/new', { cwd: this.repo.path, mcpServers: [], ...more });
    return sessionId;
  }

  #configure(url: string, config: string): void {
    this.home.write({ 'config.toml': `model = "gpt-5-codex"\nopenai_base_url = "${url}"\n${config}` });
  }
}

/** The shared client as one test sees it: with nothing of the tests before. */
function ofTest(shared: AcpClient): AcpClient {
  const from = shared.wire().length;
  shared.updates.length = 0;
  shared.questions.length = 0;
  return { ...shared, wire: () => shared.wire().slice(from), [Symbol.asyncDispose]: () => Promise.resolve() };
}

export function ask({ agent }: AcpClient, sessionId: string, prompt: string | ContentBlock[]): Promise<PromptResponse> {
  const blocks: ContentBlock[] = typeof prompt === 'string' ? [{ type: 'text', text: prompt }] : prompt;
  return agent.request('session/prompt', { sessionId, prompt: blocks });
}
