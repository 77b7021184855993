import { randomUUID } from 'node:crypto';
import { delimiter, join } from 'node:path';
import * as z from 'zod/mini';
import { KeelError } from '../../foundation/protocol/index.ts';
import { findProgram, reasonOf } from '../../foundation/util/index.ts';
import { Processes, runCommand } from '../../system/process/index.ts';
import { type LocalHttp, shownAddress } from './local-http.ts';
import type { LocalServer, Sight } from './local-server.ts';
import { OutputLines } from './output-lines.ts';
import { parsed } from './parsed.ts';

/** Gigabytes over a slow line take their time; only a program that hangs is to be ended, ms. */
const FETCH_LIMIT_MS = 24 * 60 * 60 * 1_000;

const Models = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Its program `lms` and what it is started with. */
export interface LmsOptions {
  /** Without secrets; `PATH` and `HOME` say where `lms` is looked for. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
}

/** Speaks the models endpoint of LM Studio's server, and has its own program `lms` fetch what is missing. */
export class LmStudio implements LocalServer {
  readonly #http: LocalHttp;
  /** Without a slash at the end. */
  readonly #base: string;
  readonly #lms: LmsOptions;

  /** `baseUrl` is the provider's, which ends in `/v1`. */
  constructor(http: LocalHttp, baseUrl: string, lms: LmsOptions) {
    this.#http = http;
    this.#base = baseUrl.replace(/\/+$/, '');
    this.#lms = lms;
  }

  async look(): Promise<Sight> {
    const models = parsed(Models, await this.#models())?.data.map(({ id }) => id) ?? null;
    const notes = models === null ? [`LM Studio at ${shownAddress(this.#base)} does not list its models`] : [];
    return { name: 'LM Studio', models, wireApi: 'responses', notes };
  }

  has(models: readonly string[], model: string): boolean {
    return models.includes(model);
  }

  async fetch(model: string, show: (line: string) => void): Promise<void> {
    const program = this.#program();
    if (program === null) {
      const how = 'Fetch it in the app, or install its program `lms` (npx lmstudio install-cli)';
      throw notFetched(model, `its program lms is not on the PATH and not in ~/.lmstudio/bin. ${how}.`);
    }
    // A name that starts with a dash would be read as an option of the program.
    if (model.startsWith('-')) throw notFetched(model, "this isn't the name of a model");
    const processes = new Processes(`lms.${randomUUID()}`);
    try {
      const lines = new OutputLines(show);
      const { end } = await runCommand(
        { argv: [program, 'get', '--yes', model], cwd: this.#lms.cwd, env: this.#lms.env },
        {
          processes,
          timeoutMs: FETCH_LIMIT_MS,
          signal: this.#http.signal,
          onText: (text) => lines.take(text),
          spill: null,
        },
      );
      lines.end();
      this.#http.signal.throwIfAborted();
      if (end.type === 'exited' && end.exitCode === 0) return;
      const how =
        end.type === 'spawnFailed'
          ? end.message
          : `lms ${end.type === 'exited' ? `ended with ${end.exitCode}` : 'was ended'}`;
      throw notFetched(model, [how, ...lines.last()].join('\n'));
    } finally {
      processes.close();
    }
  }

  async #models(): Promise<string> {
    try {
      const { ok, status, text } = await this.#http.get(`${this.#base}/models`);
      if (ok) return text;
      throw new Error(`status ${status}`);
    } catch (error) {
      if (this.#http.signal.aborted) throw error;
      const how = 'Start it in the app, or with `lms server start`; CODEX_OSS_BASE_URL says where it is';
      const message = `no server of LM Studio answers at ${shownAddress(this.#base)} (${reasonOf(error)}). ${how}.`;
      throw new KeelError('httpConnectionFailed', message, { cause: error });
    }
  }

  #program(): string | null {
    const { PATH = '', HOME = '' } = this.#lms.env;
    const places = HOME === '' ? PATH : `${PATH}${delimiter}${join(HOME, '.lmstudio', 'bin')}`;
    const found = findProgram('lms', { env: { ...this.#lms.env, PATH: places }, roots: [this.#lms.cwd] });
    return found.type === 'found' ? found.path : null;
  }
}

function notFetched(model: string, reason: string): KeelError {
  return new KeelError('badRequest', `LM Studio can't fetch the model "${model}": ${reason}`);
}
