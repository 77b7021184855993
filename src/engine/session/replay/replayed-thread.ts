import type { RepairListener } from '../../../context/history/index.ts';
import type { ResponseItem, RolloutItem } from '../../../foundation/protocol/index.ts';
import { NO_HOST, ServerFacts } from '../../../models/catalogue/index.ts';
import { loadWire, RequestFingerprints } from '../../../models/client/index.ts';
import { type OpenTurnLine, threadLog } from '../../../storage/rollout/index.ts';
import { summaryStepId, TurnInterrupted } from '../../steps/index.ts';
import { runTurn, type TurnOutcome } from '../../turn/index.ts';
import type { SessionConfiguration } from '../settings.ts';
import { type Conversation, SessionState } from '../state.ts';
import { compactNow } from '../tasks/tasks.ts';
import { emptyConversation, rebuildConversation } from '../thread/rebuild-conversation.ts';
import type { RecordedTurn } from './recorded-turn.ts';
import { type RecordedSettings, recordedRegistry } from './replay-context.ts';
import { type ReplayedRequest, replayPorts } from './replay-ports.ts';

export interface ReplayedTurn {
  /** How the turn would end on what is recorded; null: it asks for a step that the record does not have. */
  readonly outcome: TurnOutcome | null;
  /** The step that is asked for and not recorded. */
  readonly wanted: string | null;
  /** Recorded steps that nobody asked for. */
  readonly left: readonly string[];
}

export interface ReplayListeners {
  onRequest(request: ReplayedRequest): void;
  /** The conversation has changed in its middle: the next request does not extend the last one. */
  onReplaced(): void;
  readonly onRepair: RepairListener;
}

const NO_SETTINGS: SessionConfiguration = {
  cwd: '/',
  approvalPolicy: 'never',
  sandboxPolicy: { mode: 'read-only' },
  model: '',
  effort: null,
  summary: 'auto',
};

/**
 * A recorded thread that is run again by the code that runs live ones: the same turn loop over the same history, with the
 * recorded value of each step in place of its work. Nothing is executed, sent or written, and nothing is asked of the
 * machine: contexts are made from the record.
 */
export class ReplayedThread {
  readonly #thread: Pick<RecordedSettings, 'threadId' | 'digests'>;
  readonly #listeners: ReplayListeners;
  readonly #fingerprints: RequestFingerprints;
  readonly #serverFacts = new ServerFacts(NO_HOST);
  #state: SessionState;

  constructor(thread: Pick<RecordedSettings, 'threadId' | 'digests'>, listeners: ReplayListeners) {
    this.#thread = thread;
    this.#fingerprints = new RequestFingerprints(thread.digests);
    this.#listeners = listeners;
    this.#state = stateOf(emptyConversation(listeners.onRepair));
  }

  get prompt(): readonly ResponseItem[] {
    return this.#state.history.forPrompt();
  }

  /** Items that no step recorded: context, notes, items of another program. */
  record(items: readonly ResponseItem[]): void {
    this.#state.record(items);
  }

  /** Starts again from all lines so far: after turns were taken back, or where no step of a turn says what counts. */
  rebuild(lines: readonly RolloutItem[]): void {
    const meta = { id: this.#thread.threadId, timestamp: '', cwd: '' };
    const log = threadLog({ path: '', meta, lines, warnings: [], nextOrdinal: 0 });
    this.#state = stateOf(rebuildConversation(log, log.wholeHistory, this.#listeners.onRepair));
  }

  /** The names that aren't a tool of keel's own: the specification of such a tool can't be made again. */
  foreignTools(names: readonly string[]): readonly string[] {
    const own = recordedRegistry(null);
    return names.filter((name) => own.handler(name) === null);
  }

  /**
   * Runs one turn again. Items that its loop does not come to, since the turn was cut off, follow as they were recorded.
   * @throws KeelError `rolloutCorrupt` where the turn now takes other steps than it did, or a step's value can't be read
   */
  async runTurn(turn: RecordedTurn): Promise<ReplayedTurn> {
    const { ports, steps, journal, items } = replayPorts({
      ...this.#thread,
      turn,
      state: this.#state,
      wire: await loadWire(turn.setup?.wire_api ?? 'responses'),
      fingerprints: this.#fingerprints,
      serverFacts: this.#serverFacts,
      onRequest: (request) => this.#listeners.onRequest(request),
      onReplaced: () => this.#listeners.onReplaced(),
    });
    try {
      const isCompaction = turn.setup?.task === 'compact' || turn.lines.some(isAskedCompaction);
      const outcome = await unlessInterrupted(isCompaction ? compactNow(ports) : runTurn(ports));
      const { wanted } = journal;
      return { outcome: wanted === null ? outcome : null, wanted, left: steps.left };
    } finally {
      this.record(turn.lines.flatMap((line) => (line.type === 'item' && !items.has(line.item) ? [line.item] : [])));
    }
  }
}

function stateOf(conversation: Conversation): SessionState {
  return new SessionState(NO_SETTINGS, conversation);
}

function isAskedCompaction(line: OpenTurnLine): boolean {
  return line.type === 'step' && line.record.id === summaryStepId('now', 1);
}

async function unlessInterrupted(work: Promise<TurnOutcome>): Promise<TurnOutcome> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TurnInterrupted) return { type: 'interrupted' };
    throw error;
  }
}
