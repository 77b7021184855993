import type { ContentBlock, NewSessionRequest, PromptResponse } from '@agentclientprotocol/sdk';
import { afterEach, beforeEach } from 'vitest';
import { type ModelServer, type Script, startModelServer } from '../../../src/testing/index.ts';
import { type AcpClient, type AcpClientOptions, connectAcp } from '../../support/acp-client.ts';
import { gitRepository, type TempDir, tempDir } from '../../support/temp-dir.ts';

/** Where the clients of one test file work: a home, a repository and a scripted model, new for each test. */
export class AcpPlace {
  home: TempDir = tempDir();
  repo: TempDir = gitRepository();
  #server: ModelServer | null = null;

  /** Registers the hooks of a test file. */
  static perTest(config = ''): AcpPlace {
    const place = new AcpPlace();
    place.#remove();
    beforeEach(() => {
      place.home = tempDir();
      place.repo = gitRepository();
      place.home.write({ 'config.toml': `model = "gpt-5-codex"\n${config}` });
    });
    afterEach(async () => {
      await place.#server?.close();
      place.#remove();
    });
    return place;
  }

  get server(): ModelServer {
    if (this.#server === null) throw new Error('no client has been connected');
    return this.#server;
  }

  /** A client with a keel of its own. Without a script the model is that of the client before. */
  async connect(script: Script | null, options: Partial<AcpClientOptions> = {}): Promise<AcpClient> {
    if (script !== null) this.#server = await startModelServer(script);
    return await connectAcp({ home: this.home.path, cwd: this.repo.path, url: this.server.url, ...options });
  }

  /** @returns the id of a new session in the repository */
  async open({ agent }: AcpClient, more: Partial<NewSessionRequest> = {}): Promise<string> {
    const { sessionId } = await agent.request('session/new', { cwd: this.repo.path, mcpServers: [], ...more });
    return sessionId;
  }

  #remove(): void {
    this.home[Symbol.dispose]();
    this.repo[Symbol.dispose]();
  }
}

export function ask({ agent }: AcpClient, sessionId: string, prompt: string | ContentBlock[]): Promise<PromptResponse> {
  const blocks: ContentBlock[] = typeof prompt === 'string' ? [{ type: 'text', text: prompt }] : prompt;
  return agent.request('session/prompt', { sessionId, prompt: blocks });
}
