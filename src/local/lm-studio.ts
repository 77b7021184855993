import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import * as z from 'zod/mini';
import { Processes, runCommand } from '../process/index.ts';
import { KeelError } from '../protocol/index.ts';
import { printable, reasonOf } from '../util/index.ts';
import type { LocalHttp } from './local-http.ts';
import type { LocalServer, Sight } from './local-server.ts';
import { parsed } from './parsed.ts';

/** Gigabytes over a slow line take their time; only a program that hangs is to be ended, ms. */
const FETCH_LIMIT_MS = 24 * 60 * 60 * 1_000;
/** Lines of the program's output that tell why it failed. */
const LAST_LINES = 5;

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
    const notes = models === null ? [`LM Studio at ${this.#base} does not tell which models it has`] : [];
    return { name: 'LM Studio', models, wireApi: 'responses', notes };
  }

  has(models: readonly string[], model: string): boolean {
    return models.includes(model);
  }

  async fetch(model: string, tell: (line: string) => void): Promise<void> {
    const program = this.#program();
    if (program === null) {
      const how = 'Fetch it in the app, or install its program `lms` (npx lmstudio install-cli)';
      throw notFetched(model, `its program lms is not on the PATH and not in ~/.lmstudio/bin. ${how}.`);
    }
    // A name that begins with a dash would be read as an option of the program.
    if (model.startsWith('-')) throw notFetched(model, 'this is no name of a model');
    const processes = new Processes(`lms.${process.pid}`);
    try {
      const lines = new Lines(tell);
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
      throw notFetched(model, [how, ...lines.last(LAST_LINES)].join('\n'));
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
      const message = `no server of LM Studio answers at ${this.#base} (${reasonOf(error)}). ${how}.`;
      throw new KeelError('httpConnectionFailed', message, { cause: error });
    }
  }

  #program(): string | null {
    const { PATH = '', HOME = '' } = this.#lms.env;
    const folders = PATH.split(delimiter).filter((folder) => folder.startsWith('/'));
    const places = [...folders, ...(HOME === '' ? [] : [join(HOME, '.lmstudio', 'bin')])];
    return places.map((folder) => join(folder, 'lms')).find(isProgram) ?? null;
  }
}

/** What a program prints, line by line, without what it draws over. */
class Lines {
  readonly #tell: (line: string) => void;
  readonly #kept: string[] = [];
  #rest = '';

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  take(text: string): void {
    const lines = (this.#rest + text).split(/\r\n?|\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#add(line);
  }

  end(): void {
    this.#add(this.#rest);
    this.#rest = '';
  }

  last(count: number): readonly string[] {
    return this.#kept.slice(-count);
  }

  #add(line: string): void {
    const text = printable(line).trim();
    if (text === '' || text === this.#kept.at(-1)) return;
    this.#kept.push(text);
    if (this.#kept.length > LAST_LINES) this.#kept.shift();
    this.#tell(text);
  }
}

function notFetched(model: string, reason: string): KeelError {
  return new KeelError('badRequest', `LM Studio can't fetch the model "${model}": ${reason}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
