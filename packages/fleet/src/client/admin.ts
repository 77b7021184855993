import * as z from 'zod/mini';

/** The engine's own door for its operator. Not for users: it can read and change everything. */
export class EngineAdmin {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Makes a deployment of workers known: new turns run there, running ones stay where they began. @throws Error */
  async register(url: string, { force }: { readonly force: boolean }): Promise<void> {
    await this.#post('/deployments', { uri: url, force });
  }

  /** Rows of a query over the engine's tables. @throws Error */
  async query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { rows } = Rows.parse(await this.#post('/query', { query: sql }));
    return rows;
  }

  /** Continues an invocation that the engine has paused after too many attempts. @throws Error */
  async resume(invocationId: string): Promise<void> {
    await this.#send(`/invocations/${encodeURIComponent(invocationId)}/resume`, { method: 'PATCH' });
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    return this.#send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', accept: 'application/json' },
    });
  }

  async #send(path: string, init: RequestInit): Promise<unknown> {
    const response = await fetch(new URL(path, this.#url), init);
    const text = await response.text();
    if (!response.ok) throw new Error(`the engine refused ${path} with ${response.status}: ${text.slice(0, 500)}`);
    return text === '' ? null : JSON.parse(text);
  }
}

const Rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });
