import type { ErrorInfo } from '../../foundation/protocol/index.ts';
import type { TurnBudget, TurnOutcome, TurnPorts } from './ports.ts';
import { failureOf, type SamplingFailure } from './sampling-end.ts';

/** Time limit of the one last answer once the time of a budget is used up, milliseconds. */
const LAST_ANSWER_MS = 30_000;

/**
 * The failure of a request that the budget no longer allows; null: it may be sent. Called inside steps only.
 * @param round the number of the response that it asks for, from 1; null: it asks for none of the turn's
 */
export function refusedByBudget(
  { budget }: TurnPorts,
  { isLastAnswer, round }: { readonly isLastAnswer: boolean; readonly round: number | null },
): SamplingFailure | null {
  if (budget === null) return null;
  if (round !== null && budget.turns !== null && round > budget.turns) return failureOfBudget(budget);
  if (isLastAnswer && budget.hasLastAnswer) return null;
  const areTokensSpent = budget.tokens !== null && budget.tokensUsed() >= budget.tokens;
  const isMoneySpent = budget.cost !== null && budget.costUsed() >= budget.cost;
  return areTokensSpent || isMoneySpent || budget.expired.aborted ? failureOfBudget(budget) : null;
}

/** The signal of a request: it also aborts when the time is used up. Called inside steps only. */
export function requestSignal({ budget }: TurnPorts, signal: AbortSignal, isLastAnswer: boolean): AbortSignal {
  if (budget === null || budget.minutes === null) return signal;
  return AbortSignal.any([signal, isLastAnswer ? AbortSignal.timeout(LAST_ANSWER_MS) : budget.expired]);
}

/** How a request ended that threw. `signal` is the turn's, `limited` the request's own. */
export function endOfRequest(
  error: unknown,
  ports: TurnPorts,
  { signal, limited }: { readonly signal: AbortSignal; readonly limited: AbortSignal },
): SamplingFailure | { readonly type: 'interrupted' } {
  if (signal.aborted) return { type: 'interrupted' };
  if (limited.aborted && ports.budget !== null) return failureOfBudget(ports.budget);
  // A budget of minutes is shorter than such limits.
  const waitsForQuota = ports.waitsForQuota && (ports.budget?.minutes ?? null) === null;
  return failureOf(error, ports.jitter(), { waitsForQuota });
}

/** How long to wait before a retry: no longer than the time that is left, after which the retry is refused. */
export function sleepMs({ budget }: TurnPorts, delayMs: number): number {
  if (budget === null || budget.minutes === null) return delayMs;
  return Math.min(delayMs, Math.max(0, (budget.minutes - budget.minutesGone()) * 60_000));
}

/** A turn that its budget ended has failed, whatever its last answer says. */
export function endedByBudget({ budget }: TurnPorts, lastAgentMessage: string | null): TurnOutcome {
  return { type: 'failed', error: budgetError(budget), lastAgentMessage };
}

function failureOfBudget(budget: TurnBudget): SamplingFailure {
  return {
    type: 'failed',
    error: budgetError(budget),
    phase: 'request',
    retryable: false,
    serverDelayMs: null,
    jitter: 1,
    rateLimits: null,
  };
}

function budgetError(budget: TurnBudget | null): ErrorInfo {
  const { tokens = null, minutes = null, turns = null, cost = null } = budget ?? {};
  const limits = [
    ...(tokens === null ? [] : [`${tokens} tokens`]),
    ...(minutes === null ? [] : [minutes === 1 ? '1 minute' : `${minutes} minutes`]),
    ...(cost === null ? [] : [`$${cost}`]),
    ...(turns === null ? [] : [turns === 1 ? '1 response of the model' : `${turns} responses of the model`]),
  ];
  const what = limits.length === 0 ? '' : ` of ${limits.join(' or ')}`;
  if (cost !== null && budget?.costUsed() === Number.POSITIVE_INFINITY) {
    const message = `The budget of $${cost} can't be kept: what a response cost is not known (its tokens, or the price of its model). The work was stopped before it was finished. Set \`model_prices\` for every model that is used, or continue the thread with a new request.`;
    return { kind: 'budgetExceeded', message };
  }
  return {
    kind: 'budgetExceeded',
    message: `The budget${what} for this request is used up: the work was stopped before it was finished. Raise \`budget\`, or continue the thread with a new request.`,
  };
}
