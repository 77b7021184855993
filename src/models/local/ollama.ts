import * as z from 'zod/mini';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { type LocalHttp, shownAddress } from './local-http.ts';
import type { LocalServer, Sight } from './local-server.ts';
import { parsed } from './parsed.ts';
import { PullProgress } from './pull-progress.ts';

/** The first one that speaks the Responses API. */
const RESPONSES_SINCE = [0, 13, 4] as const;

const Version = z.object({ version: z.string() });
const Tags = z.object({ models: z.array(z.object({ name: z.string() })) });
const PullLine = z.object({
  status: z.optional(z.string()),
  error: z.optional(z.string()),
  digest: z.optional(z.string()),
  total: z.optional(z.number()),
  completed: z.optional(z.number()),
});

/** Speaks Ollama's own API (its docs/api.md): `/api/version`, `/api/tags`, `/api/pull`. */
export class Ollama implements LocalServer {
  readonly #http: LocalHttp;
  /** Without a slash at the end. */
  readonly #root: string;

  /** `baseUrl` is the provider's, which ends in `/v1`. */
  constructor(http: LocalHttp, baseUrl: string) {
    this.#http = http;
    this.#root = baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '');
  }

  async look(): Promise<Sight> {
    const version = await this.#version();
    const models = await this.#models();
    const notes: string[] = [];
    if (models === null) {
      notes.push(
        `the server at ${shownAddress(this.#root)} does not list its models; keel assumes that it has the one asked for`,
      );
    }
    const isOld = version !== null && isBefore(version, RESPONSES_SINCE);
    if (isOld) {
      const since = RESPONSES_SINCE.join('.');
      notes.push(`Ollama ${version} has no Responses API (${since} has): Chat Completions are used, which carry less`);
    }
    return {
      name: version === null ? 'the server' : `Ollama ${version}`,
      models,
      wireApi: isOld ? 'chat' : 'responses',
      notes,
    };
  }

  /** Ollama lists every model with its tag; a name without one means the latest. */
  has(models: readonly string[], model: string): boolean {
    const name = model.slice(model.lastIndexOf('/') + 1).includes(':') ? model : `${model}:latest`;
    return models.includes(name);
  }

  async fetch(model: string, show: (line: string) => void): Promise<void> {
    const progress = new PullProgress();
    for await (const { ok, status, text } of this.#http.post(`${this.#root}/api/pull`, { model, stream: true })) {
      const line = parsed(PullLine, text);
      // Once the answer has begun, a failure comes in it, with a good status.
      if (line?.error !== undefined) throw notFetched(model, line.error);
      if (!ok) throw notFetched(model, `the server answered with status ${status}`);
      if (line === null) throw notFetched(model, "the server answered with something that isn't a JSON object");
      if (line.status === 'success') return;
      const { digest, total, completed = 0 } = line;
      const shown =
        digest !== undefined && total !== undefined
          ? progress.part({ digest, total, completed })
          : progress.status(line.status ?? 'fetching');
      if (shown !== null) show(shown);
    }
    throw notFetched(model, 'the answer ended before the model was there');
  }

  /** Null where the server reports none: it is another program that speaks the same API. */
  async #version(): Promise<string | null> {
    try {
      const { ok, text } = await this.#http.get(`${this.#root}/api/version`);
      return ok ? (parsed(Version, text)?.version ?? null) : null;
    } catch (error) {
      if (this.#http.signal.aborted) throw error;
      const how = 'Start it with `ollama serve`, or say with CODEX_OSS_BASE_URL where it is';
      const message = `no Ollama server answers at ${shownAddress(this.#root)} (${reasonOf(error)}). ${how}.`;
      throw new KeelError('httpConnectionFailed', message, { cause: error });
    }
  }

  /** Null where the server does not list them. */
  async #models(): Promise<readonly string[] | null> {
    try {
      const { ok, text } = await this.#http.get(`${this.#root}/api/tags`);
      return ok ? (parsed(Tags, text)?.models.map(({ name }) => name) ?? null) : null;
    } catch (error) {
      if (this.#http.signal.aborted) throw error;
      return null; // the server is there, and can be used without the list
    }
  }
}

function notFetched(model: string, reason: string): KeelError {
  return new KeelError('badRequest', `Ollama can't fetch the model "${model}": ${reason}`);
}

function isBefore(version: string, first: readonly number[]): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  // Builds of developers call themselves 0.0.0.
  if (!numbers || numbers.every((number) => number === 0)) return false;
  const at = numbers.findIndex((number, index) => number !== first[index]);
  return at !== -1 && (numbers[at] ?? 0) < (first[at] ?? 0);
}
