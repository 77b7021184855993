import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, HttpCallError, type Ingress, Opts } from '@restatedev/restate-sdk-clients';
import type { ApprovalDecision, Op } from 'keel/protocol';
import type { WorkTree } from '../place/index.ts';
import type { Limit, Place, ThreadSettings, TurnInput, TurnOutcome } from '../protocol.ts';
import { stageKey, THREAD, TURN, USER_HEADER } from '../service/names.ts';
import type { ThreadObject } from '../service/thread-object.ts';
import type { EndedTurn, ThreadView } from '../service/thread-state.ts';
import type { TurnWorkflow } from '../service/turn-workflow.ts';

export interface FleetClientOptions {
  /** The front's address or, on one machine, that of the engine's ingress. */
  readonly url: string;
  /** The user's token at the front. */
  readonly token?: string;
  /** At the engine itself, without a front: whom to act for. */
  readonly user?: string;
}

/** A turn to submit. The first of a thread says where it works: a front takes `work`, the engine itself `place`. */
export interface NewTurn {
  readonly op: Op;
  /** Chosen by the caller: a second submission under the same id starts nothing. Default: a new one. */
  readonly submissionId?: string;
  readonly work?: WorkTree;
  readonly place?: Place;
  readonly settings?: ThreadSettings;
  readonly limits?: readonly Limit[];
}

/** How a turn ended, as its stage and the thread's state both say it. */
export type SettledTurn = Pick<EndedTurn, 'turnId' | 'status' | 'message' | 'error' | 'tokens'>;

/** A turn that waits for a person, or has ended. */
export type TurnState =
  | { readonly type: 'ended'; readonly turn: SettledTurn }
  | { readonly type: 'waiting'; readonly state: ThreadView };

/** How soon the state is looked at again of a thread that has no stage to wait for: at first, and at last, ms. */
const FIRST_LOOK_MS = 5;
const LAST_LOOK_MS = 1_000;
/** How long one call waits for the end of a stage, ms: shorter than what cuts off calls on their way. */
const STAGE_CALL_MS = 25_000;
/** The front has refused a call for now. */
const TOO_MANY_REQUESTS = 429;

/** The fleet refused a call; the message says why. */
export class FleetError extends Error {
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What a user does with threads of a fleet. */
export class FleetClient {
  readonly #ingress: Ingress;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, token, user }: FleetClientOptions) {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(user === undefined ? {} : { [USER_HEADER]: user }),
    };
    this.#ingress = connect({ url, headers });
    this.#url = url;
    this.#headers = headers;
  }

  /**
   * Submits a turn; it waits behind the thread's others.
   * @param threadId a UUID; a new one makes a thread, which needs a place
   * @throws FleetError
   */
  async submit(threadId: string, turn: NewTurn): Promise<{ readonly turnId: string }> {
    const submissionId = turn.submissionId ?? randomUUID();
    return called(this.#thread(threadId).submit({ ...turn, submissionId }));
  }

  /** Submits a turn under its id until the fleet has it: its engine may be away for a while. @throws FleetError */
  async submitted(
    threadId: string,
    turn: NewTurn & { readonly submissionId: string },
    signal: AbortSignal,
  ): Promise<{ readonly turnId: string }> {
    for (;;) {
      try {
        return await this.submit(threadId, turn);
      } catch (error) {
        if (!isAway(error)) throw error;
        await delay(LAST_LOOK_MS / 2, undefined, { signal });
      }
    }
  }

  /** Null: there is no such thread, or it is another user's. @throws FleetError */
  async state(threadId: string): Promise<ThreadView | null> {
    try {
      return await called(this.#thread(threadId).state());
    } catch (error) {
      if (error instanceof FleetError && error.status === 404) return null;
      throw error;
    }
  }

  /** The user's threads, newest first; a front has this, the engine itself does not. @throws FleetError */
  async threads(signal: AbortSignal): Promise<readonly { readonly id: string; readonly state: ThreadView }[]> {
    const response = await called(fetch(new URL('/threads', this.#url), { headers: this.#headers, signal }));
    const body = await called(response.text());
    if (response.ok) return JSON.parse(body).threads;
    throw new FleetError(messageIn(body) ?? `the fleet answered ${response.status}`, response.status);
  }

  /** @throws FleetError */
  answer(threadId: string, questionId: string, decision: ApprovalDecision): Promise<void> {
    return this.#input(threadId, { type: 'answer', questionId, decision });
  }

  /** Adds a message to the turn that runs. @throws FleetError */
  steer(threadId: string, text: string): Promise<void> {
    return this.#input(threadId, { type: 'steer', text });
  }

  /** Ends the turn that runs or waits. @throws FleetError */
  interrupt(threadId: string): Promise<void> {
    return this.#input(threadId, { type: 'interrupt' });
  }

  /** Interrupts, and takes back the turns that wait. @throws FleetError */
  stop(threadId: string): Promise<void> {
    return called(this.#thread(threadId).stop());
  }

  /**
   * Waits until a turn has ended or waits for a person. The engine may be away for a while. Whatever stage of the thread runs is
   * waited for at the engine, which answers when it ends; most turns have one.
   * @throws FleetError
   */
  async settled(threadId: string, turnId: string, signal: AbortSignal): Promise<TurnState> {
    let stage = { turnId, stage: 0 };
    let known: string | null = null;
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(LAST_LOOK_MS, wait * 2)) {
      const key = stageKey(threadId, stage.turnId, stage.stage);
      const outcome = key === known ? null : await this.#outcomeOf(key, signal);
      if (outcome?.type === 'ended' && stage.turnId === turnId)
        return { type: 'ended', turn: endedTurn(turnId, outcome) };
      if (outcome !== null) {
        known = key;
        wait = FIRST_LOOK_MS;
      }
      const state = await this.#stateIfReachable(threadId);
      const turn = state?.ended.find((one) => one.turnId === turnId);
      if (turn !== undefined) return { type: 'ended', turn };
      const current = state?.current ?? null;
      if (state && current?.turnId === turnId && current.phase === 'parked') return { type: 'waiting', state };
      const next = current?.phase === 'running' ? current : stage;
      if (next.turnId === stage.turnId && next.stage === stage.stage) await delay(wait, undefined, { signal });
      stage = next;
    }
  }

  /** How a stage ended, once it has; null: it has not yet, or the engine does not know it, or is away. */
  async #outcomeOf(stage: string, signal: AbortSignal): Promise<TurnOutcome | null> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(STAGE_CALL_MS)]);
    try {
      const turn = this.#ingress.workflowClient<TurnWorkflow>({ name: TURN }, stage);
      return await called(turn.workflowAttach(Opts.from({ signal: limited })));
    } catch (error) {
      signal.throwIfAborted();
      if (isAway(error) || (error instanceof FleetError && error.status === 404)) return null;
      throw error;
    }
  }

  async #stateIfReachable(threadId: string): Promise<ThreadView | null> {
    try {
      return await this.state(threadId);
    } catch (error) {
      if (!isAway(error)) throw error;
      return null;
    }
  }

  async #input(threadId: string, input: TurnInput['input']): Promise<void> {
    await called(this.#thread(threadId).input(input));
  }

  #thread(threadId: string) {
    return this.#ingress.objectClient<ThreadObject>({ name: THREAD }, threadId);
  }
}

function endedTurn(turnId: string, outcome: Extract<TurnOutcome, { type: 'ended' }>): SettledTurn {
  const { status, message, error, tokens } = outcome;
  return { turnId, status, message, error, tokens };
}

/** Whether nobody was there to answer, or had the time, so that the call may be made again. */
function isAway(error: unknown): boolean {
  if (!(error instanceof FleetError)) return false;
  return error.status === 0 || error.status >= 500 || error.status === TOO_MANY_REQUESTS;
}

/** @throws FleetError with status 0 where nobody answers */
async function called<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof HttpCallError) throw new FleetError(messageOf(error), error.status, { cause: error });
    throw new FleetError('the fleet does not answer', 0, { cause: error });
  }
}

function messageOf({ responseText, message }: HttpCallError): string {
  return messageIn(responseText) ?? (responseText === '' ? message : responseText.slice(0, 500));
}

/** Null where it is not the engine's or the front's answer. */
function messageIn(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : null;
  } catch {
    return null;
  }
}
