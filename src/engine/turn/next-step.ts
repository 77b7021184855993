import { absorbInput, stoppedByHook } from './absorb-input.ts';
import { AnswerForm } from './answer-form.ts';
import { endedByBudget } from './budget-end.ts';
import type { ContextLimit } from './context-limit.ts';
import { FinishGate } from './finish-gate.ts';
import { StopHooks } from './hooks/stop-hooks.ts';
import type { TurnOutcome, TurnPorts } from './ports.ts';
import { Recovery } from './recovery.ts';
import type { SampledResponse } from './sample-response.ts';
import type { SamplingEnd, SamplingFailure } from './sampling-end.ts';

/** What a turn does after a response and its calls. */
export type NextStep =
  /** Ask the model again, with what the conversation holds now. */
  { readonly type: 'request' } | { readonly type: 'end'; readonly outcome: TurnOutcome };

const REQUEST: NextStep = { type: 'request' };

/** A provider that pauses the model more often in a row than this makes no progress. */
const MAX_PAUSES = 16;

/** Decides how a turn continues after each of its responses. */
export class NextSteps {
  readonly #ports: TurnPorts;
  readonly #contextLimit: ContextLimit;
  readonly #recovery: Recovery;
  readonly #gate: FinishGate;
  readonly #form: AnswerForm;
  readonly #stopHooks: StopHooks;
  /** How often in a row the provider paused the model. */
  #pauses = 0;

  constructor(ports: TurnPorts, contextLimit: ContextLimit) {
    this.#ports = ports;
    this.#contextLimit = contextLimit;
    this.#recovery = new Recovery(ports, ports.model);
    this.#gate = new FinishGate(ports);
    this.#form = new AnswerForm(ports);
    this.#stopHooks = new StopHooks(ports);
  }

  /** Call once the response's calls are settled. */
  async after(response: SampledResponse, round: number): Promise<NextStep> {
    const { end, lastAgentMessage } = response;
    // A failed or truncated response that an interrupt met too ends the turn at its next step that isn't journaled.
    if (end.type === 'interrupted') return ended({ type: 'interrupted' });
    if (end.type === 'failed') return this.#afterFailure(end, response, round);
    if (end.type === 'completed') {
      this.#recovery.reset();
      this.#contextLimit.responded({ hasUsage: end.usage !== null });
    }
    const { stopReason } = response.calls;
    if (stopReason !== null)
      return ended({ type: 'failed', error: stoppedByHook(`A hook ended the turn: ${stopReason}`) });
    // Messages that are still queued start a turn of their own, with a budget of its own.
    if (response.isLastAnswer) return ended(endedByBudget(this.#ports, lastAgentMessage));
    const { isNew: isSteered } = await absorbInput(this.#ports, round);
    const isPaused = this.#isPaused(end);
    if (isSteered || isPaused || response.calls.count > 0 || end.type === 'truncated') return REQUEST;
    return this.#afterFinalMessage(lastAgentMessage, round);
  }

  async #afterFailure(failure: SamplingFailure, { itemCount }: SampledResponse, round: number): Promise<NextStep> {
    if (failure.error.kind === 'contextWindowExceeded') {
      const noRoom = await this.#contextLimit.refused(round, failure, itemCount);
      return noRoom === null ? REQUEST : ended(noRoom);
    }
    const error = await this.#recovery.from(failure, round);
    return error === null ? REQUEST : ended({ type: 'failed', error });
  }

  #isPaused(end: SamplingEnd): boolean {
    this.#pauses = end.type === 'completed' && end.goesOn ? this.#pauses + 1 : 0;
    return this.#pauses > 0 && this.#pauses <= MAX_PAUSES;
  }

  async #afterFinalMessage(lastAgentMessage: string | null, round: number): Promise<NextStep> {
    if (await this.#gate.asks(round, lastAgentMessage)) return REQUEST;
    const check = await this.#form.check(round, lastAgentMessage);
    switch (check.type) {
      case 'askedAgain':
        return REQUEST;
      case 'failed':
        return ended(check);
      case 'fits':
        if (await this.#stopHooks.block(round, lastAgentMessage)) return REQUEST;
        return ended({ type: 'completed', lastAgentMessage });
    }
  }
}

function ended(outcome: TurnOutcome): NextStep {
  return { type: 'end', outcome };
}
