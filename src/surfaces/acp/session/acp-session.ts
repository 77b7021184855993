import type {
  ContentBlock,
  PromptResponse,
  SessionConfigOption,
  SessionModeState,
  StopReason,
} from '@agentclientprotocol/sdk';
import { RequestError } from '@agentclientprotocol/sdk';
import { type Session, submitIfOpen } from '../../../engine/threads/index.ts';
import type { ErrorKind, SessionEvent, SessionEventOf, ThreadItem } from '../../../foundation/protocol/index.ts';
import { Deferred, onAbort } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import type { CustomPrompt } from '../../prompts/index.ts';
import type { SessionClient } from '../client.ts';
import { requestError } from '../errors.ts';
import { titleOf } from '../items/content.ts';
import { ThreadFeed } from '../items/thread-feed.ts';
import { Permissions } from '../permissions/permissions.ts';
import { availableCommands, opOf, type Prompts, workOf } from '../prompt/commands.ts';
import { promptInput } from '../prompt/prompt-input.ts';
import { chosenReview } from '../prompt/review-choice.ts';
import { statusText } from '../prompt/status-text.ts';
import type { ChildFeeds } from './child-feeds.ts';
import { PromptTurn } from './prompt-turn.ts';
import { SessionChoices, type Settings } from './settings.ts';

export interface AcpSessionOptions {
  readonly session: Session;
  readonly config: Config;
  readonly client: SessionClient;
  readonly children: ChildFeeds;
  readonly prompts: readonly CustomPrompt[];
  /** What the client named beside the working directory, absolute. */
  readonly directories: readonly string[];
  /** Null: the first message will be its title. */
  readonly title: string | null;
  /** Sentences that the client's user should read first. */
  readonly notes: readonly string[];
}

/** The failures of a turn that the protocol has a stop reason for. */
const STOPS: Partial<Readonly<Record<ErrorKind, StopReason>>> = {
  contextWindowExceeded: 'max_tokens',
  budgetExceeded: 'max_turn_requests',
};

/** A thread that the client has open. Its updates start with `begin`, after the answer that names the session. */
export class AcpSession implements AsyncDisposable {
  readonly id: string;
  readonly #options: AcpSessionOptions;
  readonly #feed: ThreadFeed;
  readonly #permissions: Permissions;
  readonly #choices: SessionChoices;
  readonly #turn: PromptTurn;
  readonly #events: AsyncIterator<SessionEvent, undefined>;
  /** What has happened in the thread so far. */
  readonly #items: ThreadItem[] = [];
  readonly #begun = new Deferred<void>();
  #hasBegun = false;
  /** The commands that the client was shown last, as JSON. */
  #shownCommands = '';
  #settings: Settings;
  #title: string | null;
  /** Stops the running prompt. */
  #prompt: AbortController | null = null;
  /** Whether the user rejected a call, and the agent has said nothing since. */
  #owesWord = false;

  constructor(options: AcpSessionOptions) {
    const { session, config, client, title } = options;
    const { model, effort, approvalPolicy, sandboxPolicy } = session.configuration;
    this.id = session.threadId;
    this.#options = options;
    this.#title = title;
    this.#settings = { model, effort, approvalPolicy, sandboxPolicy };
    this.#choices = new SessionChoices(config, this.#settings);
    this.#permissions = new Permissions(client);
    this.#feed = new ThreadFeed({ client, hidesThoughts: config.hideAgentReasoning });
    this.#turn = new PromptTurn(session);
    this.#events = session.events();
  }

  /** The directories that the client named beside the working directory. */
  get directories(): readonly string[] {
    return this.#options.directories;
  }

  get isWorking(): boolean {
    return this.#prompt !== null;
  }

  /** What a client can choose, as it is now. */
  choices(): { modes: SessionModeState; configOptions: SessionConfigOption[] } {
    return { modes: this.#choices.modes(this.#settings), configOptions: this.#choices.options(this.#settings) };
  }

  /** Chooses a value, for later turns. @throws RequestError for one that is not offered */
  choose(id: string, value: string | boolean): void {
    const change = this.#choices.change(this.#settings, id, value);
    this.#options.session.submit({ type: 'overrideTurnContext', settings: change });
    this.#settings = { ...this.#settings, ...change };
  }

  /** Shows both forms of the same choice, since clients look at one of them. */
  async showChoices(): Promise<void> {
    const { modes, configOptions } = this.choices();
    const { client } = this.#options;
    await client.update({ sessionUpdate: 'current_mode_update', currentModeId: modes.currentModeId });
    await client.update({ sessionUpdate: 'config_option_update', configOptions });
  }

  /** Reads what happened before the thread was opened: its first event has it. */
  async readHistory(): Promise<void> {
    const { value } = await this.#events.next();
    if (value?.type === 'thread.started') this.#items.push(...value.turns.flatMap(({ items }) => items));
  }

  /** Sends what has happened so far; resolves when all of it has been written. */
  async replay(): Promise<void> {
    const written = this.#items.map((item) => this.#feed.replay(item));
    await Promise.all([...written, this.#feed.calls.repeatOpen()]);
  }

  /** Sends what a client needs to know of an open session, and starts the updates if they have not started. */
  begin(): void {
    const { notes } = this.#options;
    this.#shownCommands = '';
    void this.#showCommands();
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (const note of notes) void this.#feed.say('warning', note);
    this.#begun.resolve();
    void this.#follow();
  }

  /** Runs a prompt to its end. @throws RequestError, KeelError */
  async prompt(blocks: readonly ContentBlock[], signal: AbortSignal): Promise<PromptResponse> {
    if (this.#prompt !== null) throw RequestError.invalidRequest(undefined, 'a prompt of this session is running');
    const stop = new AbortController();
    this.#prompt = stop;
    using _cancel = onAbort(signal, () => stop.abort());
    try {
      await this.#begun.promise;
      const stopReason = await this.#run(blocks, stop.signal);
      return { stopReason: stop.signal.aborted ? 'cancelled' : stopReason };
    } catch (error) {
      // A client that has cancelled gets that as its answer, whatever became of the work.
      if (stop.signal.aborted) return { stopReason: 'cancelled' };
      throw error;
    } finally {
      this.#prompt = null;
    }
  }

  /** Stops the running prompt, if any; its answer says so. */
  cancel(): void {
    this.#prompt?.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await this.#options.session.close();
  }

  async #run(blocks: readonly ContentBlock[], signal: AbortSignal): Promise<StopReason> {
    const { client, config, session } = this.#options;
    const work = workOf(await promptInput(blocks), this.#prompts());
    if (work.type === 'status') {
      await this.#feed.answer(statusText(this.#settings, config, this.id));
      return 'end_turn';
    }
    const op = work.type === 'chooseReview' ? await chosenReview(client, signal) : await opOf(work, session);
    if (signal.aborted) return 'cancelled';
    if (op === null) {
      await this.#feed.answer('No review was started.');
      return 'end_turn';
    }
    const end = await this.#turn.run(op, signal);
    if (this.#owesWord) await this.#feed.answer('The call was rejected, so it was not run.');
    this.#owesWord = false;
    await this.#showInfo();
    return stopReasonOf(end);
  }

  #prompts(): Prompts {
    const { prompts: own, session } = this.#options;
    return { own, ofServers: session.serverPrompts() };
  }

  /** Servers that have started meanwhile may have brought some. */
  async #showCommands(): Promise<void> {
    const commands = availableCommands(this.#prompts());
    const text = JSON.stringify(commands);
    if (text === this.#shownCommands) return;
    this.#shownCommands = text;
    await this.#options.client.update({ sessionUpdate: 'available_commands_update', availableCommands: commands });
  }

  async #showInfo(): Promise<void> {
    await this.#showCommands();
    this.#title ??= firstWords(this.#items);
    const updatedAt = new Date().toISOString();
    await this.#options.client.update({ sessionUpdate: 'session_info_update', title: this.#title, updatedAt });
  }

  /** Sends the updates of each event before the next one is looked at. */
  async #follow(): Promise<void> {
    for (let next = await this.#events.next(); next.done !== true; next = await this.#events.next()) {
      const event = next.value;
      if (event.type === 'item.completed') this.#completed(event.item);
      if (event.type === 'approval.requested') void this.#answer(event);
      if (event.type === 'elicitation.completed') await this.#options.client.pageCompleted(event.questionId);
      if (event.type === 'approval.resolved') this.#permissions.withdraw(event.questionId);
      await this.#feed.event(event);
      this.#turn.note(event);
    }
    this.#turn.ended();
  }

  #completed(item: ThreadItem): void {
    this.#items.push(item);
    if (item.type === 'agentMessage' && item.text.trim() !== '') this.#owesWord = false;
  }

  async #answer(event: SessionEventOf<'approval.requested'>): Promise<void> {
    const calls = this.#options.children.callsOf(event.threadId) ?? this.#feed.calls;
    const decision = await this.#permissions.ask(event, calls);
    if (decision.type === 'denied' && event.request.type !== 'questions') this.#owesWord = true;
    const { questionId } = event.request;
    submitIfOpen(this.#options.session, { type: 'approval', questionId, decision });
  }
}

/** @throws RequestError for a turn that failed */
function stopReasonOf({ status, error }: SessionEventOf<'turn.completed'>): StopReason {
  if (status === 'interrupted') return 'cancelled';
  if (error === null) return 'end_turn';
  const reason = STOPS[error.kind];
  if (reason === undefined) throw requestError(error);
  return reason;
}

function firstWords(items: readonly ThreadItem[]): string | null {
  const text = items.flatMap((item) => (item.type === 'userMessage' ? item.content : []));
  const first = text.find((part) => part.type === 'text' && part.text.trim() !== '');
  return first?.type === 'text' ? titleOf(first.text) : null;
}
