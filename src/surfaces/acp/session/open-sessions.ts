import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type {
  AgentContext,
  ListSessionsRequest,
  ListSessionsResponse,
  McpServer,
  SessionInfo,
} from '@agentclientprotocol/sdk';
import { RecordedThreads, type ThreadOrigin, type ThreadSummary, Threads } from '../../../engine/threads/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { realPath, uuidV7 } from '../../../foundation/util/index.ts';
import { resolveCredentials } from '../../../models/client/index.ts';
import { type Config, loadConfig, resolveHome } from '../../../storage/config/index.ts';
import { readPromptFiles } from '../../prompts/index.ts';
import { type ClientAbilities, SessionClient } from '../client.ts';
import { titleOf } from '../items/content.ts';
import { AcpSession } from './acp-session.ts';
import { ChildFeeds } from './child-feeds.ts';
import { withClientServers } from './client-servers.ts';

export interface OpenSessionsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Settings for every session, `key=value`. */
  readonly overrides: readonly string[];
}

/** What a client gives for a session that it opens. */
export interface Place {
  readonly cwd: string;
  readonly additionalDirectories?: readonly string[];
  readonly mcpServers?: readonly McpServer[];
}

/** The sessions of a connection. Each is a thread; its id is the thread's. */
export class OpenSessions implements AsyncDisposable {
  readonly #options: OpenSessionsOptions;
  readonly #threads = new Threads({ source: 'acp', originator: 'keel_acp', canAsk: true, ownsProcess: true });
  readonly #sessions = new Map<string, AcpSession>();
  /** Sessions that are being opened or closed: each one at a time. */
  readonly #busy = new Map<string, Promise<unknown>>();
  /** Ends whatever a session waits for while it is opened. */
  readonly #stop = new AbortController();

  constructor(options: OpenSessionsOptions) {
    this.#options = options;
  }

  /** @throws KeelError `threadNotFound` */
  get(id: string): AcpSession {
    const session = this.#sessions.get(id);
    if (session !== undefined) return session;
    throw new KeelError('threadNotFound', `the session ${JSON.stringify(id)} is not open: load or resume it`);
  }

  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** @throws KeelError `invalidInput`, `missingCredentials`, and as a thread that is opened */
  create(place: Place, context: AgentContext, can: ClientAbilities): Promise<AcpSession> {
    const id = uuidV7(Date.now());
    const origin: ThreadOrigin = { type: 'new', label: { threadId: id } };
    return this.#alone(id, () => this.#open({ id, origin, title: null, place, context, can }));
  }

  /**
   * A recorded session. One that is open here and works continues as it is; otherwise it is opened again, with the client's
   * servers and directories.
   * @throws KeelError `threadNotFound`, `threadBusy`, and as `create`
   */
  reopen(id: string, place: Place, context: AgentContext, can: ClientAbilities): Promise<AcpSession> {
    return this.#alone(id, async () => {
      const live = this.#sessions.get(id);
      if (live?.isWorking) return live;
      const recorded = await this.#recorded().find(id);
      if (recorded === null && live !== undefined) return live;
      if (recorded === null) throw new KeelError('threadNotFound', `there is no session ${JSON.stringify(id)}`);
      await live?.[Symbol.asyncDispose]();
      const origin: ThreadOrigin = { type: 'resume', id: recorded.id };
      return await this.#open({ id: recorded.id, origin, title: titleOfThread(recorded), place, context, can });
    });
  }

  /** Stops a session and releases its thread. @throws KeelError `threadNotFound` */
  close(id: string): Promise<void> {
    return this.#alone(id, async () => {
      const session = this.get(id);
      this.#sessions.delete(id);
      await session[Symbol.asyncDispose]();
    });
  }

  /** Moves a session out of the lists; one that is not there is out of them already. @throws KeelError `threadBusy` */
  async remove(id: string): Promise<void> {
    if (this.#sessions.has(id)) await this.close(id);
    const recorded = await this.#recorded().find(id);
    if (recorded?.archived === false) this.#recorded().archive(id);
  }

  /** Further directories are known of sessions that are open here. @throws KeelError `invalidInput` for a cursor that is none */
  async list({ cwd, cursor }: ListSessionsRequest): Promise<ListSessionsResponse> {
    const query = { ofUser: true, ...(cwd ? { cwd: realPath(cwd) } : {}) };
    const page = await this.#recorded().list(cursor ? { ...query, cursor } : query);
    const sessions = page.threads.map((thread) => ({
      sessionId: thread.id,
      cwd: thread.cwd,
      title: titleOfThread(thread),
      updatedAt: new Date(thread.updatedAt).toISOString(),
      ...this.#directoriesOf(thread.id),
    }));
    return page.nextCursor === null ? { sessions } : { sessions, nextCursor: page.nextCursor };
  }

  #directoriesOf(id: string): Pick<SessionInfo, 'additionalDirectories'> {
    const directories = this.#sessions.get(id)?.directories ?? [];
    return directories.length === 0 ? {} : { additionalDirectories: [...directories] };
  }

  /** Ends every process of every session at once. */
  killProcesses(): void {
    this.#threads.killProcesses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const session of this.#sessions.values()) session.cancel();
    await Promise.allSettled(this.#busy.values());
    await this.#threads[Symbol.asyncDispose]();
  }

  async #open(given: {
    readonly id: string;
    readonly origin: ThreadOrigin;
    readonly title: string | null;
    readonly place: Place;
    readonly context: AgentContext;
    readonly can: ClientAbilities;
  }): Promise<AcpSession> {
    const { id, origin, title, place, context, can } = given;
    if (this.#stop.signal.aborted) throw new KeelError('sessionClosed', 'keel is ending');
    const configured = await this.#config(place);
    resolveCredentials(configured.provider, configured.env, configured.storedKey);
    const { config, faults } = withClientServers(await this.#withLocalModel(configured), place.mcpServers ?? []);
    const client = new SessionClient(id, context, can);
    const children = new ChildFeeds(client);
    const session = await this.#threads.open({
      config,
      origin,
      answersQuestions: can.hasForms,
      checksOutput: true,
      settings: 'thread',
      onChild: (child) => void children.follow(child),
      ...(config.acp.clientFs && client.documents !== null ? { documents: client.documents } : {}),
    });
    const notes = [...config.warnings, ...session.changes.map((change) => `Changed: ${change}.`), ...faults];
    const prompts = readPromptFiles(config);
    const directories = place.additionalDirectories ?? [];
    const opened = new AcpSession({ session, config, client, children, prompts, directories, title, notes });
    await opened.readHistory();
    this.#sessions.set(id, opened);
    void session.ended.then(() => {
      if (this.#sessions.get(id) === opened) this.#sessions.delete(id);
    });
    return opened;
  }

  async #config({ cwd, additionalDirectories: addDirs = [] }: Place): Promise<Config> {
    for (const path of [cwd, ...addDirs]) requireDirectory(path);
    const { env, overrides } = this.#options;
    return await loadConfig({ env, cwd, overrides, flags: addDirs.length === 0 ? {} : { addDirs } });
  }

  /** A server of local models is asked which it has before anything else. */
  async #withLocalModel(config: Config): Promise<Config> {
    if (config.provider.local === undefined) return config;
    const { prepareLocalModel } = await import('../../../models/local/index.ts');
    const provider = await prepareLocalModel({ config, signal: this.#stop.signal }, () => undefined);
    return { ...config, provider };
  }

  #recorded(): RecordedThreads {
    return new RecordedThreads(resolveHome(this.#options.env));
  }

  /** Does one thing with a session at a time. */
  async #alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(id) ?? Promise.resolve();
    const now = before.then(work, work);
    this.#busy.set(id, now);
    try {
      return await now;
    } finally {
      if (this.#busy.get(id) === now) this.#busy.delete(id);
    }
  }
}

function titleOfThread({ name, preview }: ThreadSummary): string {
  return name ?? titleOf(preview);
}

function requireDirectory(path: string): void {
  if (!isAbsolute(path)) throw new KeelError('invalidInput', `${JSON.stringify(path)} is not an absolute path`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new KeelError('invalidInput', `${path} is not a directory`);
}
