import type { LiveThread, RecordedThreads, ThreadOrigin, Threads } from '../../../engine/threads/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { TEXT_PRELOADS } from '../../text/index.ts';
import type { Effect, Message, OtherModel, SavedDraft, Setup, ThreadSettings } from '../message.ts';
import type { FleetOrigin, TuiOptions } from '../options.ts';
import { notificationBytes, plainLine } from '../terminal/index.ts';
import { CurrentConfig } from './current-config.ts';
import type { DraftOwner, DraftStore } from './draft-store.ts';
import { LookUps } from './look-ups.ts';
import { openLive } from './open-live.ts';
import { Reports } from './reports.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { StatusCommand } from './status-command.ts';
import type { TerminalSession } from './terminal-session.ts';

/** Between steps of work that nobody waits for, ms: keys are answered first. */
const PRELOAD_GAP_MS = 150;

/** How long a program that notifies the user may take, ms. */
const NOTIFICATION_MS = 5_000;

type Dispatch = (message: Message) => void;

export interface WorldParts {
  readonly terminal: TerminalSession;
  readonly exit: (code: number) => void;
}

/** Carries out what the terminal's update asks for. Everything that is not pure is done here. */
export class World {
  readonly #options: TuiOptions;
  readonly #dispatch: Dispatch;
  readonly #parts: WorldParts;
  readonly #stop = new AbortController();
  readonly #config: CurrentConfig;
  #threads: Threads | null = null;
  #recorded: RecordedThreads | null = null;
  #session: LiveThread | null = null;
  #drafts: DraftStore | null = null;
  #status: StatusCommand | null = null;
  /** What was to be saved before there was a place for it. */
  #unsavedDraft: SavedDraft | null = null;
  readonly #lookUps: LookUps;
  readonly #reports: Reports;
  /** Threads are opened, closed and moved one after the other. */
  #threadWork: Promise<void> = Promise.resolve();

  constructor(options: TuiOptions, parts: WorldParts, dispatch: Dispatch) {
    this.#options = options;
    this.#parts = parts;
    this.#dispatch = dispatch;
    this.#config = new CurrentConfig(options);
    this.#lookUps = new LookUps(dispatch);
    this.#reports = new Reports(options, dispatch);
  }

  /** Reads the configuration and opens the first thread, unless the user is asked something before. */
  async start(): Promise<void> {
    const setup = await this.#readSetup();
    const config = this.#config.value;
    this.#parts.terminal.setTheme(config.tui.theme);
    const floor = await import('../../../engine/threads/index.ts');
    this.#threads = new floor.Threads({ source: 'cli', originator: 'keel_tui', canAsk: true, ownsProcess: true });
    this.#recorded = new floor.RecordedThreads(config.home);
    this.#dispatch({ type: 'setUp', setup });
    this.#beginIfReady(setup);
    await this.#readSurroundings(config);
    await this.#preload();
  }

  /** Loads what the first answers need while the user reads and writes. */
  async #preload(): Promise<void> {
    const { setTimeout: delay } = await import('node:timers/promises');
    for (const load of TEXT_PRELOADS) {
      const isOver = await delay(PRELOAD_GAP_MS, false, { signal: this.#stop.signal }).catch(() => true);
      if (isOver) return;
      load();
    }
  }

  /** Reads the configuration, at the start and when an answer of the user's has changed it. */
  async #readSetup(): Promise<Setup> {
    const setup = await this.#config.read();
    const { terminal } = this.#parts;
    if (this.#config.value.tui.screenReader) terminal.append();
    // Where the terminal itself edits lines it also shows them: no key is asked for there.
    const connect = setup.connect && { ...setup.connect, takesKey: setup.connect.takesKey && !terminal.isAppending };
    return { ...setup, connect };
  }

  run(effect: Effect): void {
    this.#run(effect).catch((error: unknown) => {
      // What keel gave up itself because it is closing is no failure.
      if (!this.#stop.signal.aborted) this.#fail(error);
    });
  }

  /** Stops everything that runs, in order; what does not stop in time is ended by force. */
  async close(graceMs: number): Promise<void> {
    this.#stop.abort();
    this.#lookUps.close();
    this.#reports.close();
    this.#status?.close();
    const late = setTimeout(() => this.#threads?.killProcesses(), graceMs);
    try {
      await this.#threadWork;
      await this.#session?.close();
      await this.#threads?.[Symbol.asyncDispose]();
      this.#drafts?.clear();
    } finally {
      clearTimeout(late);
    }
  }

  killProcesses(): void {
    this.#threads?.killProcesses();
  }

  #beginIfReady({ connect, trustQuestion }: Setup): void {
    if (connect !== null || trustQuestion !== null) return;
    const { origin } = this.#options;
    if (origin.type === 'choose') this.#dispatch({ type: 'choose', verb: origin.verb });
    else this.#openThread(origin, null);
  }

  async #run(effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'submit':
        this.#session?.submit(effect.op, effect.id);
        return;
      case 'openThread':
        return this.#openThread(effect.origin, effect.settings);
      case 'rename':
        this.#recorded?.rename(effect.threadId, effect.name);
        return this.#dispatch({ type: 'succeeded', text: `The thread is called ${effect.name}.` });
      case 'archive':
        return this.#afterThreads(async () => {
          this.#recorded?.archive(effect.threadId);
          this.#dispatch({
            type: 'succeeded',
            text: `The thread is archived. keel threads unarchive ${effect.threadId} brings it back.`,
          });
        });
      case 'listThreads': {
        const page = await this.#recorded?.list(effect.query);
        if (page) this.#dispatch({ type: 'threadsListed', query: effect.query, page: { ...page, nowMs: Date.now() } });
        return;
      }
      case 'readTurns': {
        const turns = this.#recorded?.turns(effect.threadId) ?? [];
        return this.#dispatch({ type: 'turnsRead', threadId: effect.threadId, turns });
      }
      case 'trust':
        return this.#answerTrust(effect.folder, effect.level);
      case 'findFiles':
        return this.#lookUps.findFiles(effect.query, this.#config.value);
      case 'readSkills':
        return this.#lookUps.readSkills(this.#config.value);
      case 'readServerPrompts':
        return this.#reports.readServerPrompts(this.#session);
      case 'fillServerPrompt':
        return this.#reports.fillServerPrompt(effect.prompt, effect.args, this.#session);
      case 'readReviewTargets':
        return this.#lookUps.readReviewTargets(effect.kind, this.#config.value);
      case 'readDiff':
        return this.#lookUps.readDiff(this.#config.value);
      case 'readBranch':
        return this.#lookUps.readBranch(this.#config.value);
      case 'copy':
        this.#parts.terminal.write(`\u001b]52;c;${Buffer.from(effect.text, 'utf8').toString('base64')}\u0007`);
        return this.#dispatch({ type: 'succeeded', text: 'Copied, if this terminal lets programs copy (OSC 52).' });
      case 'export':
        return this.#reports.export(effect.threadId, effect.file, this.#config.value);
      case 'setTheme':
        return this.#parts.terminal.setTheme(effect.theme);
      case 'readConfig':
        return this.#reports.readConfig();
      case 'runDoctor':
        return this.#reports.runDoctor(this.#config.value);
      case 'readReport':
        return this.#reports.readSession(effect.report, this.#session);
      case 'stopCommands':
        return this.#reports.stopCommands(effect.id, this.#session);
      case 'logOut':
        return this.#dispatch({ type: 'succeeded', text: await this.#config.forgetKey() });
      case 'findServers': {
        const { localServers } = await import('./first-run.ts');
        const servers = await localServers(this.#config.value, this.#stop.signal);
        return this.#dispatch({ type: 'serversFound', servers });
      }
      case 'storeKey':
        return this.#connect(this.#config.keepKey(effect.key));
      case 'useServer':
        return this.#connect(this.#config.useServer(effect.kind, effect.model));
      case 'readOtherModels':
        return this.#readOtherModels();
      case 'prepareProvider': {
        const { threadId, choice, effort } = effect;
        const report = (text: string) => this.#dispatch({ type: 'succeeded', text });
        const setup = await this.#config.prepare(choice, { report, signal: this.#stop.signal });
        return this.#dispatch({ type: 'providerReady', threadId, setup, model: choice.model, effort });
      }
      case 'takeProvider':
        return this.#config.takePrepared();
      case 'startDemo':
        this.#options.startDemo?.();
        return this.#parts.exit(0);
      case 'keep':
        return this.#dispatch({ type: 'succeeded', text: await this.#config.keep(effect.setting) });
      case 'pasteImage': {
        const { clipboardImage } = await import('./clipboard-image.ts');
        const path = await clipboardImage(this.#config.value, this.#stop.signal);
        return this.#dispatch({ type: 'imagePasted', path });
      }
      case 'findImage':
        return this.#lookUps.findImage(effect.path, effect.text);
      case 'checkInit':
        return this.#lookUps.checkInit(effect.folder);
      case 'runStatusLine': {
        const { StatusCommand: Command } = await import('./status-command.ts');
        if (this.#stop.signal.aborted) return;
        this.#status ??= new Command((text) => this.#dispatch({ type: 'statusLineRead', text }));
        return this.#status.run(effect.command, effect.input, this.#config.value);
      }
      case 'edit': {
        const { editedInEditor } = await import('./editor.ts');
        const { home, env } = this.#config.value;
        const text = await this.#parts.terminal.lend(() => editedInEditor(effect.text, home, env));
        return this.#dispatch({ type: 'edited', text });
      }
      case 'suspend':
        return this.#parts.terminal.suspend();
      case 'notify':
        return this.#notify(effect.text);
      case 'saveDraft':
        if (this.#drafts === null) this.#unsavedDraft = effect.draft;
        return this.#drafts?.save(effect.draft, this.#session?.threadId ?? null);
      case 'openAddress':
        return this.#reports.openAddress(effect.url, this.#config.value);
      case 'exit':
        return this.#parts.exit(effect.code);
    }
  }

  #openThread(origin: ThreadOrigin | FleetOrigin, settings: ThreadSettings | null): void {
    this.#afterThreads(async () => {
      const threads = this.#threads;
      if (threads === null || this.#stop.signal.aborted) return;
      const before = this.#session;
      this.#session = null;
      await before?.close();
      const { env } = this.#options;
      const report = (text: string) => this.#dispatch({ type: 'succeeded', text });
      const { signal } = this.#stop;
      // What is read may be a thread of ten thousand items.
      if (origin.type !== 'new') keepHeapSmall();
      const session = await openLive(origin, { threads, config: this.#config.value, env, settings, report, signal });
      this.#session = session;
      const { threadId, configuration, changes } = session;
      this.#dispatch({ type: 'opens', settings: configuration, changes });
      void this.#follow(session);
      await this.#restoreDraft(draftOwnerOf(origin, threadId));
      if (origin.type === 'new' || origin.type === 'fleet') return;
      this.#dispatch({ type: 'named', threadId, name: (await this.#recorded?.nameOf(threadId)) ?? null });
    });
  }

  /** What an earlier keel that was killed had written, once: for the first thread that is open. */
  async #restoreDraft(owner: DraftOwner): Promise<void> {
    if (this.#drafts !== null) return;
    const { DraftStore: Drafts } = await import('./draft-store.ts');
    const { home, cwd } = this.#config.value;
    const drafts = new Drafts(home, cwd);
    const draft = drafts.takeOver(owner);
    this.#drafts = drafts;
    if (draft !== null) this.#dispatch({ type: 'draftRestored', draft });
    else if (this.#unsavedDraft !== null) drafts.save(this.#unsavedDraft, this.#session?.threadId ?? null);
  }

  async #follow(session: LiveThread): Promise<void> {
    for await (const event of session.events()) this.#dispatch({ type: 'session', event, at: performance.now() });
  }

  #afterThreads(work: () => Promise<void>): void {
    this.#threadWork = this.#threadWork.then(work).catch((error: unknown) => this.#fail(error));
  }

  async #answerTrust(folder: string, level: 'trusted' | 'untrusted'): Promise<void> {
    await this.#config.answerTrust(folder, level).catch((error: unknown) => this.#fail(error));
    const answered = { ...(await this.#readSetup()), trustQuestion: null };
    this.#dispatch({ type: 'setUp', setup: answered });
    this.#beginIfReady(answered);
  }

  /** Reads the configuration again once a model can be reached: the next question comes up, or the thread opens. */
  async #connect(work: Promise<void>): Promise<void> {
    try {
      await work;
    } finally {
      const setup = await this.#readSetup();
      this.#dispatch({ type: 'setUp', setup });
      this.#beginIfReady(setup);
    }
  }

  /** The list that waits for them is shown without them if they can't be read. */
  async #readOtherModels(): Promise<void> {
    let models: readonly OtherModel[] = [];
    try {
      models = await this.#config.otherModels();
    } finally {
      this.#dispatch({ type: 'otherModelsRead', models });
    }
  }

  async #readSurroundings(config: Config): Promise<void> {
    const { readPromptFiles } = await import('../../prompts/index.ts');
    this.#dispatch({ type: 'promptsRead', prompts: readPromptFiles(config) });
    this.#dispatch({ type: 'historyRead', texts: (await this.#recorded?.recentMessages()) ?? [] });
    await this.#lookUps.readBranch(config);
  }

  async #notify(text: string): Promise<void> {
    const { notificationMethod } = this.#config.value.tui;
    const { terminal } = this.#parts;
    if (typeof notificationMethod === 'object') {
      const { runUserCommand } = await import('./user-command.ts');
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(NOTIFICATION_MS)]);
      const line = plainLine(text);
      await runUserCommand(notificationMethod.command, { input: line, args: [line] }, this.#config.value, signal);
      return;
    }
    terminal.write(notificationMethod === 'bel' ? '\u0007' : notificationBytes(text, terminal.capabilities));
  }

  #fail(error: unknown): void {
    this.#dispatch({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

/** A thread that is made here has no draft of its own yet. */
function draftOwnerOf({ type }: ThreadOrigin | FleetOrigin, threadId: string): DraftOwner {
  return type === 'new' || type === 'fork' ? { type: 'new' } : { type: 'recorded', threadId };
}
