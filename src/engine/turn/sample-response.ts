import { isCall } from '../../context/history/index.ts';
import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { noAnswer } from '../../models/failures/index.ts';
import type { Prompt } from '../../models/prompt/index.ts';
import { newResponseMark } from '../../models/wires/index.ts';
import type { Step } from '../steps/index.ts';

import { stepId } from '../steps/index.ts';
import { endOfRequest, refusedByBudget, requestSignal } from './budget-end.ts';
import type { BudgetTracker } from './budget-tracker.ts';
import { ItemEvents } from './item-events.ts';
import type { TurnPorts } from './ports.ts';
import { RunningCalls } from './running-calls.ts';
import { failureOf, type SamplingEnd, samplingCodec } from './sampling-end.ts';

export interface SampledResponse {
  readonly end: SamplingEnd;
  /** The calls of the response. They have started and have to be settled. */
  readonly calls: RunningCalls;
  /** How many items the response adds to the conversation, the outputs of its calls included. */
  readonly itemCount: number;
  /** The text of the last assistant message of this response. */
  readonly lastAgentMessage: string | null;
  /** The budget was used up before the request: the turn ends with this response. */
  readonly isLastAnswer: boolean;
}

/**
 * Makes one request to the model and starts the calls of its response, each as soon as it is complete in the stream. However
 * the stream ends, the items that the model finished are kept.
 */
export async function sampleResponse(
  ports: TurnPorts,
  round: number,
  budget: BudgetTracker | null,
): Promise<SampledResponse> {
  const { steps, history, context } = ports;
  const prompt = buildPrompt(ports);
  const mark = newResponseMark();
  const isLastAnswer = budget?.isUsedUp ?? false;
  budget?.startRound(round);
  const itemEvents = new ItemEvents({
    turnId: context.turnId,
    emit: ports.emit,
    idPrefix: `${context.turnId}-${round}`,
    showRawReasoning: ports.showRawReasoning,
  });
  const calls = new RunningCalls(ports, round, budget);
  const take = (item: ResponseItem) => {
    history.record([item]);
    itemEvents.emitFinished(item);
    if (isCall(item)) calls.start(item);
  };

  const sampling = steps.step(
    {
      id: stepId('sampling', round),
      kind: 'sampling',
      codec: samplingCodec,
      repeat: 'safe',
      asks: () => ports.model.fingerprint(prompt),
      truncated: { type: 'truncated' },
    },
    async (attempt) => {
      const refused = refusedByBudget(ports, { isLastAnswer, round });
      if (refused !== null) return refused;
      history.recordContext();
      const { signal } = attempt;
      const signals = { signal, limited: requestSignal(ports, signal, isLastAnswer) };
      return streamResponse(ports, prompt, signals, {
        progress: (event) => itemEvents.emitProgress(event),
        finished: (item) => {
          const whole = markedItem(
            withCallId(item, `${context.turnId}-${round}-${calls.count}`),
            mark,
            ports.model.origin,
          );
          attempt.record(whole);
          take(whole);
        },
      });
    },
  );
  const sampled = await ended(sampling, calls);
  if (sampled.replayed) for (const item of sampled.items) take(item);
  const { value: end } = sampled;
  const hasUsage = end.type === 'completed' || (end.type === 'failed' && end.usage !== undefined);
  if (hasUsage) history.noteUsage({ usage: end.usage ?? null, request: end.request, isReplayed: sampled.replayed });
  calls.responseEnded();
  return {
    end,
    calls,
    itemCount: sampled.items.length + calls.count,
    lastAgentMessage: lastAgentMessage(sampled.items),
    isLastAnswer,
  };
}

/** No call waits for the end of a response that was abandoned. */
async function ended<T>(sampling: Step<T>, calls: RunningCalls): Promise<T> {
  try {
    return await sampling;
  } catch (error) {
    calls.responseEnded();
    throw error;
  }
}

interface StreamSink {
  progress(event: Parameters<ItemEvents['emitProgress']>[0]): void;
  finished(item: ResponseItem): void;
}

async function streamResponse(
  ports: TurnPorts,
  prompt: Prompt,
  signals: { readonly signal: AbortSignal; readonly limited: AbortSignal },
  sink: StreamSink,
): Promise<SamplingEnd> {
  let answer: 'none' | 'thoughts' | 'given' = 'none';
  try {
    const response = ports.model.stream(prompt, { taskKind: ports.context.taskKind, signal: signals.limited });
    for await (const events of response) {
      for (const event of events) {
        if (event.type === 'itemDone') {
          if (answers(event.item)) answer = 'given';
          else if (answer === 'none' && event.item.type === 'reasoning') answer = 'thoughts';
          sink.finished(event.item);
        } else if (event.type === 'rateLimits') ports.history.noteRateLimits(event.snapshot);
        else if (event.type === 'completed') {
          if (answer === 'given' || event.goesOn) return event;
          const what = answer === 'thoughts' ? 'only thoughts, no words and no call' : 'no words and no call';
          const { usage, request } = event;
          const measured = request === undefined ? {} : { request };
          return { ...failureOf(noAnswer(what), ports.jitter()), usage, ...measured };
        } else sink.progress(event);
      }
    }
    throw new Error('the model stream ended without a final event');
  } catch (error) {
    return endOfRequest(error, ports, signals);
  }
}

/** Whether the item has words for the user, or is a call. */
function answers(item: ResponseItem): boolean {
  if (item.type !== 'message') return isCall(item);
  return (
    item.role === 'assistant' && item.content.some((part) => part.type === 'output_text' && part.text.trim() !== '')
  );
}

function buildPrompt({ context, history, tools }: TurnPorts): Prompt {
  const prompt: Prompt = {
    instructions: context.instructions,
    input: history.forPrompt(),
    tools: tools.specs,
    parallelToolCalls: context.model.supportsParallelToolCalls,
  };
  return context.outputSchema === undefined ? prompt : { ...prompt, outputSchema: context.outputSchema };
}

/** A local shell call may arrive without any id; it gets one, so that its output can name it. */
function withCallId(item: ResponseItem, minted: string): ResponseItem {
  if (item.type !== 'local_shell_call' || item.call_id) return item;
  return { ...item, call_id: item.id || `call-${minted}` };
}

/**
 * Items without ids name their response, so that they are sent back to the model as the one message that they arrived in.
 * Thoughts name their provider and model.
 */
function markedItem(item: ResponseItem, response: string, origin: TurnPorts['model']['origin']): ResponseItem {
  switch (item.type) {
    case 'reasoning': {
      const own = item.origin === undefined && origin !== undefined ? { ...item, origin } : item;
      return own.id ? own : { ...own, response };
    }
    case 'message':
    case 'function_call':
    case 'custom_tool_call':
      return item.id ? item : { ...item, response };
    default:
      return item;
  }
}

function lastAgentMessage(items: readonly ResponseItem[]): string | null {
  for (const item of items.toReversed()) {
    if (item.type !== 'message' || item.role !== 'assistant') continue;
    const last = item.content.findLast((part) => part.type === 'output_text');
    if (last) return last.text;
  }
  return null;
}
