import { TurnInterrupted } from '../steps/index.ts';
import { absorbInput } from './absorb-input.ts';
import { AnswerForm } from './answer-form.ts';
import { endedByBudget } from './budget-end.ts';
import { FinishGate } from './finish-gate.ts';
import { Fullness } from './fullness.ts';
import type { TurnOutcome, TurnPorts } from './ports.ts';
import { Recovery } from './recovery.ts';
import { sampleResponse } from './sample-response.ts';
import { Spending } from './spending.ts';

/** A provider that pauses the model more often in a row than this does not get anywhere. */
const MAX_PAUSES = 16;

/**
 * One user request worked on until the model has no more to do, or the turn is interrupted, or it fails.
 *
 * The loop is a pure function of its ports' step results: whatever touches the world is a step of `ports.steps`, so the
 * same code resumes a turn after a crash by replaying the steps that are journaled.
 */
export async function runTurn(ports: TurnPorts): Promise<TurnOutcome> {
  try {
    const outcome = await converse(ports);
    if (outcome.type === 'failed' && outcome.error.kind === 'budgetExceeded') showEnd(ports, outcome.error.message);
    return outcome;
  } catch (error) {
    if (error instanceof TurnInterrupted) return { type: 'interrupted' };
    throw error;
  }
}

function showEnd({ context, emit }: TurnPorts, message: string): void {
  const { turnId } = context;
  const item = { type: 'budgetExceeded', id: `${turnId}-budget`, message } as const;
  emit({ type: 'item.started', turnId, item });
  emit({ type: 'item.completed', turnId, item });
}

async function converse(ports: TurnPorts): Promise<TurnOutcome> {
  const recovery = new Recovery(ports, ports.model);
  const fullness = new Fullness(ports);
  const gate = new FinishGate(ports);
  const form = new AnswerForm(ports);
  const spending = ports.budget === null ? null : new Spending(ports);
  let pauses = 0;
  const full = await fullness.makeRoom(0);
  // What the user said stays said, also where there is no room to answer it.
  const asked = await absorbInput(ports, 0);
  if (full !== null) return full;
  // Nothing was asked: nothing is sent.
  if (!asked) return { type: 'completed', lastAgentMessage: null };
  for (let round = 1; ; round += 1) {
    const noRoom = round === 1 ? null : await fullness.makeRoom(round);
    if (noRoom !== null) return noRoom;
    const wasLast = spending?.isUsedUp ?? false;
    const response = await sampleResponse(ports, round, spending);
    // An interrupt besides is noticed by the next step that is not known from the journal: what is known is kept first.
    if (response.end.type === 'interrupted') return { type: 'interrupted' };
    if (response.end.type === 'failed') {
      if (response.end.error.kind === 'contextWindowExceeded') {
        const stillNoRoom = await fullness.refused(round, response.end, response.itemCount);
        if (stillNoRoom !== null) return stillNoRoom;
        continue;
      }
      const error = await recovery.from(response.end, round);
      if (error !== null) return { type: 'failed', error };
      continue;
    }
    if (response.end.type === 'completed') {
      recovery.reset();
      fullness.responded({ toldUsage: response.end.usage !== null });
    }
    // What the user writes meanwhile begins a turn of its own, with a budget of its own.
    if (wasLast) return endedByBudget(ports, response.lastAgentMessage);
    const steered = await absorbInput(ports, round);
    pauses = response.end.type === 'completed' && response.end.goesOn ? pauses + 1 : 0;
    const isPaused = pauses > 0 && pauses <= MAX_PAUSES;
    const goesOn = response.callCount > 0 || steered || isPaused || response.end.type === 'torn';
    if (goesOn || (await gate.holds(round, response.lastAgentMessage))) continue;
    const checked = await form.check(round, response.lastAgentMessage);
    if (checked.type === 'failed') return checked;
    if (checked.type === 'askedAgain') continue;
    return { type: 'completed', lastAgentMessage: response.lastAgentMessage };
  }
}
