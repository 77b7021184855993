import type { LiveThread, ServerPrompt, SessionReport } from '../../../engine/threads/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import type { Message } from '../message.ts';
import type { TuiOptions } from '../options.ts';

/** Reports about a thread, the settings and the machine, which keel's own program or the session gives. Each answer is a message. */
export class Reports {
  readonly #options: TuiOptions;
  readonly #dispatch: (message: Message) => void;
  readonly #stop = new AbortController();

  constructor(options: TuiOptions, dispatch: (message: Message) => void) {
    this.#options = options;
    this.#dispatch = dispatch;
  }

  /** Ends the programs that still run. */
  close(): void {
    this.#stop.abort();
  }

  /** @throws Error with what `keel export` says */
  async export(threadId: string, file: string, config: Config): Promise<void> {
    const { exportThread } = await import('./own-program.ts');
    const path = await exportThread(threadId, file, this.#place(config));
    this.#dispatch({ type: 'succeeded', text: `The thread is written to ${path}` });
  }

  /** @throws KeelError `invalidConfig` if the files have changed and can't be read any more */
  async readConfig(): Promise<void> {
    const text = await this.#options.describeConfig();
    this.#dispatch({ type: 'textRead', title: 'Settings as configured', text });
  }

  /** @throws Error if the program can't be run */
  async runDoctor(config: Config): Promise<void> {
    const { doctorReport } = await import('./own-program.ts');
    const text = await doctorReport(this.#place(config));
    this.#dispatch({ type: 'textRead', title: 'This machine and the configuration', text });
  }

  readSession(what: SessionReport['type'], session: LiveThread | null): void {
    if (session !== null) this.#dispatch({ type: 'reportRead', report: session.report(what) });
  }

  readServerPrompts(session: LiveThread | null): void {
    if (session !== null) this.#dispatch({ type: 'serverPromptsRead', prompts: session.serverPrompts() });
  }

  /** @throws KeelError `invalidInput` if the server gives none */
  async fillServerPrompt(
    prompt: ServerPrompt,
    args: Readonly<Record<string, string>>,
    session: LiveThread | null,
  ): Promise<void> {
    const text = await session?.serverPrompt(prompt, args);
    if (text !== undefined) this.#dispatch({ type: 'serverPromptFilled', text });
  }

  async openAddress(url: string, config: Config): Promise<void> {
    const { openInBrowser } = await import('./own-program.ts');
    const text = openInBrowser(url, config) ? `Your browser opens ${url}` : `Open this page in a browser: ${url}`;
    this.#dispatch({ type: 'succeeded', text });
  }

  /** @throws Error if there is no such command */
  async stopCommands(id: number | null, session: LiveThread | null): Promise<void> {
    const count = (await session?.endCommands(id)) ?? 0;
    if (count === 0 && id === null) return this.readSession('commands', session);
    if (count === 0) throw new Error(`No command ${id} runs: /ps shows them.`);
    const text = count === 1 ? 'The command is stopped.' : `${count} commands are stopped.`;
    this.#dispatch({ type: 'succeeded', text });
  }

  #place({ cwd }: Config) {
    return { cwd, env: this.#options.env, signal: this.#stop.signal };
  }
}
