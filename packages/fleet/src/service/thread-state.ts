// What the fleet knows of a thread, and what happens to it: a pure function of the state and what arrives, so that its rules can be
// tested without an engine. The thread object (thread-object.ts) does what is returned.
import type { Op } from 'keel/protocol';
import {
  type Limit,
  type Place,
  type Question,
  type Submission,
  steerOp,
  type ThreadSettings,
  type TurnInput,
  type TurnJob,
  type TurnOutcome,
} from '../protocol.ts';

/** Newest turns whose ends are kept for those who ask. */
const KEPT_TURNS = 20;
/** Turns and inputs that may wait; more is a runaway client. */
const MAX_WAITING = 64;
const MAX_ANSWERS = 4_096;
/** What a thread's state may take, as JSON: the engine loads all of it for each call, and has a limit of its own for a message. */
const MAX_STATE_CHARS = 4 * 1024 * 1024;

export interface QueuedTurn {
  readonly turnId: string;
  readonly submissionId: string;
  readonly op: Op;
}

export interface CurrentTurn extends QueuedTurn {
  readonly stage: number;
  /** `limited`: it waits for its turn under a limit. `parked`: for a person. */
  readonly phase: 'limited' | 'running' | 'parked';
  readonly inputs: readonly TurnInput[];
  readonly questions: readonly Question[];
}

export interface EndedTurn {
  readonly turnId: string;
  readonly submissionId: string;
  /** `stopped`: it was taken back before it started. */
  readonly status: 'completed' | 'interrupted' | 'failed' | 'stopped';
  readonly message: string | null;
  readonly error: string | null;
  readonly tokens: number | null;
  /** The numbers of the messages for it that have reached no conversation: the user interrupted it before they could. */
  readonly dropped: readonly number[];
}

export interface ThreadState {
  readonly owner: string;
  readonly place: Place;
  readonly settings: ThreadSettings;
  readonly limits: readonly Limit[];
  /** Whether the thread waits for its limits: also for a turn that was stopped meanwhile, whose place the next one takes. */
  readonly isClaiming: boolean;
  /** Turns that were submitted so far. */
  readonly count: number;
  readonly current: CurrentTurn | null;
  readonly queue: readonly QueuedTurn[];
  /** Oldest first. */
  readonly ended: readonly EndedTurn[];
}

/** A state as it is stored; an earlier version of the fleet did not write down whether it waits for its limits. */
export type StoredState = Omit<ThreadState, 'isClaiming'> & Partial<Pick<ThreadState, 'isClaiming'>>;

/** The state, whichever version stored it: there, a thread claimed its limits as long as its turn waited for them. */
export function restored(stored: StoredState): ThreadState {
  return { ...stored, isClaiming: stored.isClaiming ?? stored.current?.phase === 'limited' };
}

/** What is shown of a thread: neither what was submitted nor what was answered, which may be long. */
export interface ThreadView extends Omit<ThreadState, 'current' | 'queue'> {
  readonly current: Omit<CurrentTurn, 'op' | 'inputs'> | null;
  readonly queue: readonly Omit<QueuedTurn, 'op'>[];
}

export function viewOf({ current, queue, ...state }: ThreadState): ThreadView {
  return {
    ...state,
    current: current === null ? null : withoutInput(current),
    queue: queue.map(({ turnId, submissionId }) => ({ turnId, submissionId })),
  };
}

function withoutInput({ turnId, submissionId, stage, phase, questions }: CurrentTurn): ThreadView['current'] {
  return { turnId, submissionId, stage, phase, questions };
}

export type ThreadEffect =
  | { readonly type: 'acquire'; readonly limits: readonly Limit[] }
  | { readonly type: 'giveBack'; readonly limits: readonly Limit[] }
  | { readonly type: 'start'; readonly job: Omit<TurnJob, 'threadId'> }
  | { readonly type: 'pass'; readonly turnId: string; readonly stage: number; readonly input: TurnInput };

/** Which input of which turn it is. */
export interface Arrival {
  readonly turnId: string;
  /** From 1. */
  readonly at: number;
}

export interface Change {
  readonly state: ThreadState;
  readonly effects: readonly ThreadEffect[];
}

/** The caller asked for something that can't be done; the message says why. */
export class Refusal extends Error {}

/** A new turn; one that was submitted before, by its submission's id, is not started twice. @throws Refusal */
export function submitted(
  before: ThreadState,
  { submissionId, op }: Pick<Submission, 'submissionId' | 'op'>,
): Change & { readonly turnId: string } {
  const known = [...before.ended, ...before.queue, before.current].find((turn) => turn?.submissionId === submissionId);
  if (known) return { state: before, effects: [], turnId: known.turnId };
  if (before.queue.length >= MAX_WAITING) throw new Refusal(`${MAX_WAITING} turns of this thread are waiting already`);
  const turn = { turnId: `f${before.count + 1}`, submissionId, op };
  const state = { ...before, count: before.count + 1, queue: [...before.queue, turn] };
  requireRoom(state);
  return { ...withNext(state), turnId: turn.turnId };
}

/** The limits let the current turn through. Where none waits for them any more they are given back. */
export function granted(before: ThreadState): Change {
  if (!before.isClaiming) return { state: before, effects: [] };
  const { current, limits } = before;
  const state = { ...before, isClaiming: false };
  return current?.phase === 'limited' ? started(state, current) : { state, effects: [{ type: 'giveBack', limits }] };
}

/** An answer, a message or an interrupt for the current turn. @returns its number in that turn as well @throws Refusal */
export function arrived(before: ThreadState, input: TurnInput['input']): Change & Arrival {
  const { current } = before;
  if (current === null) throw new Refusal('no turn of this thread is running or waiting');
  return { ...taken(before, current, input), turnId: current.turnId, at: current.inputs.length + 1 };
}

function taken(before: ThreadState, current: CurrentTurn, input: TurnInput['input']): Change {
  // Nobody has to write down that a turn ended which never began.
  if (input.type === 'interrupt' && current.phase === 'limited' && current.stage === 0) {
    return withNext(takenBack({ ...before, current: null }, [current]));
  }
  const alike = current.inputs.filter((one) => one.input.type === input.type).length;
  // A long turn asks many questions, and an interrupt has to get through whatever came before it.
  const most = input.type === 'answer' ? MAX_ANSWERS : MAX_WAITING;
  if (alike >= most) throw new Refusal(`this turn has had ${most} inputs of this kind already`);
  if (current.phase === 'parked' && input.type === 'answer' && !asks(current, input.questionId)) {
    throw new Refusal('this question is not waiting for an answer');
  }
  const numbered: TurnInput = { at: current.inputs.length + 1, input };
  const turn = { ...current, inputs: [...current.inputs, numbered] };
  const state = { ...before, current: turn };
  if (input.type !== 'interrupt') requireRoom(state);
  if (current.phase === 'running') {
    return { state, effects: [{ type: 'pass', turnId: turn.turnId, stage: turn.stage, input: numbered }] };
  }
  return current.phase === 'parked' && wakes(turn) ? resumed(state, turn) : { state, effects: [] };
}

/** A stage of the current turn has ended; a report about another one is late and says nothing new. */
export function stageEnded(state: ThreadState, turnId: string, stage: number, outcome: TurnOutcome): Change {
  const { current } = state;
  if (current === null || current.turnId !== turnId || current.stage !== stage) return { state, effects: [] };
  const giveBack: ThreadEffect[] = state.limits.length === 0 ? [] : [{ type: 'giveBack', limits: state.limits }];
  if (outcome.type === 'parked') {
    const turn = { ...current, phase: 'parked', questions: outcome.questions } as const;
    const parked = { ...state, current: turn };
    // What arrived while the stage was ending starts the next one at once.
    const next = wakes(turn) ? resumed(parked, turn) : { state: parked, effects: [] };
    return { state: next.state, effects: [...giveBack, ...next.effects] };
  }
  const { status, message, error, tokens } = outcome;
  const { submissionId } = current;
  const late = steersIn(current).filter(({ at }) => !outcome.taken.includes(at));
  // Whoever interrupts a turn wants nothing more of it: what was said before starts no turn, what is said afterwards does.
  const isDropped = ({ at }: { readonly at: number }) => status === 'interrupted' && at < lastInterrupt(current);
  const dropped = late.filter(isDropped).map(({ at }) => at);
  const ended = remembered([...state.ended, { turnId, submissionId, status, message, error, tokens, dropped }]);
  const queue = [
    ...late
      .filter((steer) => !isDropped(steer))
      .map(({ op }, at) => ({ turnId: `${turnId}-late-${at}`, submissionId: `${submissionId}-late-${at}`, op })),
    ...state.queue,
  ];
  const next = withNext({ ...state, current: null, ended, queue });
  return { state: next.state, effects: [...giveBack, ...next.effects] };
}

/** Takes back what waits, and interrupts what runs. */
export function stopped(state: ThreadState): Change {
  const emptied = takenBack({ ...state, queue: [] }, state.queue);
  return state.current === null ? { state: emptied, effects: [] } : arrived(emptied, { type: 'interrupt' });
}

/** Turns that never started have an end too, for whoever waits for it. */
function takenBack(state: ThreadState, turns: readonly (QueuedTurn | CurrentTurn)[]): ThreadState {
  const none = { status: 'stopped', message: null, error: null, tokens: null } as const;
  const stopped = turns.map((turn) => {
    const { turnId, submissionId } = turn;
    return { turnId, submissionId, ...none, dropped: 'inputs' in turn ? steersIn(turn).map(({ at }) => at) : [] };
  });
  return { ...state, ended: remembered([...state.ended, ...stopped]) };
}

/** The newest that ran, and besides those that were taken back, of which one call may make many. */
function remembered(ended: readonly EndedTurn[]): readonly EndedTurn[] {
  const isStopped = ({ status }: EndedTurn) => status === 'stopped';
  const ran = ended.filter((turn) => !isStopped(turn)).slice(-KEPT_TURNS);
  const kept = new Set([...ran, ...ended.filter(isStopped).slice(-MAX_WAITING - 1)]);
  return ended.filter((turn) => kept.has(turn));
}

/** @throws Refusal */
function requireRoom(state: ThreadState): void {
  if (JSON.stringify(state).length <= MAX_STATE_CHARS) return;
  throw new Refusal('too much text waits in this thread: put what is long into a file that it can read');
}

function withNext(state: ThreadState): Change {
  const [next, ...queue] = state.queue;
  if (state.current !== null || next === undefined) return { state, effects: [] };
  const current = { ...next, stage: 0, phase: 'limited', inputs: [], questions: [] } as const;
  return admitted({ ...state, current, queue }, current);
}

function resumed(state: ThreadState, { stage, ...turn }: CurrentTurn): Change {
  const current = { ...turn, stage: stage + 1, phase: 'limited', questions: [] } as const;
  return admitted({ ...state, current }, current);
}

function admitted(state: ThreadState, current: CurrentTurn): Change {
  const { limits, isClaiming } = state;
  if (limits.length === 0) return started(state, current);
  return { state: { ...state, isClaiming: true }, effects: isClaiming ? [] : [{ type: 'acquire', limits }] };
}

function started(state: ThreadState, turn: CurrentTurn): Change {
  const current = { ...turn, phase: 'running' } as const;
  const { turnId, stage, op, inputs } = turn;
  const { place, settings } = state;
  const job = { turnId, stage, op, place, settings, inputs: [...inputs] };
  return { state: { ...state, current }, effects: [{ type: 'start', job }] };
}

/** Whether something has arrived that a parked turn continues for: an answer to its question, or its end. */
function wakes(turn: CurrentTurn): boolean {
  return turn.inputs.some(
    ({ input }) => input.type === 'interrupt' || (input.type === 'answer' && asks(turn, input.questionId)),
  );
}

function asks({ questions }: CurrentTurn, questionId: string): boolean {
  return questions.some((question) => question.questionId === questionId);
}

/** The messages for a turn; one that came too late for it can be a turn of its own. */
function steersIn({ inputs }: CurrentTurn): readonly { readonly at: number; readonly op: Op }[] {
  return inputs.flatMap(({ at, input }) => (input.type === 'steer' ? [{ at, op: steerOp(input) }] : []));
}

/** The number of the newest interrupt; infinite for a turn that nobody here has interrupted. */
function lastInterrupt({ inputs }: CurrentTurn): number {
  return inputs.findLast(({ input }) => input.type === 'interrupt')?.at ?? Number.POSITIVE_INFINITY;
}
