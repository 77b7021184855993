import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { newResponseMark, noAnswer, type Prompt } from '../../models/model/index.ts';
import type { Step } from '../steps/index.ts';
import { endOfRequest, refusedByBudget, requestSignal } from './budget-end.ts';
import { Narrator } from './narrate.ts';
import type { TurnPorts } from './ports.ts';
import { isCall, RunningCalls } from './running-calls.ts';
import { failureOf } from './sampling-failure.ts';
import { type SamplingEnd, samplingCodec } from './sampling-value.ts';
import type { Spending } from './spending.ts';

export interface SampledResponse {
  readonly end: SamplingEnd;
  readonly callCount: number;
  /** What the response added to the conversation, with the outputs of its calls. */
  readonly itemCount: number;
  /** The text of the last assistant message of this response. */
  readonly lastAgentMessage: string | null;
}

/**
 * One request to the model and the calls of its response. A call starts as soon as it is complete in the stream; outputs
 * enter the history in the order of the calls, whatever finishes first. However the stream ends, what the model finished
 * saying is kept and every call has its output.
 */
export async function sampleResponse(
  ports: TurnPorts,
  round: number,
  spending: Spending | null,
): Promise<SampledResponse> {
  const { steps, history, context } = ports;
  const prompt = buildPrompt(ports);
  const mark = newResponseMark();
  const isLastAnswer = spending?.isUsedUp ?? false;
  const narrator = new Narrator({
    turnId: context.turnId,
    emit: ports.emit,
    idPrefix: `${context.turnId}-${round}`,
    showRawReasoning: ports.showRawReasoning,
  });
  const calls = new RunningCalls(ports, round, spending);
  const take = (item: ResponseItem) => {
    history.record([item]);
    narrator.finished(item);
    if (isCall(item)) calls.start(item);
  };

  const sampling = steps.step(
    {
      id: `sampling-${round}`,
      kind: 'sampling',
      codec: samplingCodec,
      repeat: 'safe',
      asks: () => ports.model.fingerprint(prompt),
      torn: { type: 'torn' },
    },
    async (attempt) => {
      const refused = refusedByBudget(ports, isLastAnswer);
      if (refused !== null) return refused;
      history.recordContext();
      const { signal } = attempt;
      const signals = { signal, limited: requestSignal(ports, signal, isLastAnswer) };
      return streamResponse(ports, prompt, signals, {
        progress: (event) => narrator.progress(event),
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
  if (sampled.value.type === 'completed') history.noteUsage(sampled.value.usage);
  if (sampled.value.type === 'failed' && sampled.value.usage !== undefined) history.noteUsage(sampled.value.usage);
  calls.responseEnded();
  await calls.settle();
  return {
    end: sampled.value,
    callCount: calls.count,
    itemCount: sampled.items.length + calls.count,
    lastAgentMessage: lastAgentMessage(sampled.items),
  };
}

/** A response that is given up leaves no call waiting for its end. */
async function ended<T>(sampling: Step<T>, calls: RunningCalls): Promise<T> {
  try {
    return await sampling;
  } catch (error) {
    calls.responseEnded();
    throw error;
  }
}

interface StreamSink {
  progress(event: Parameters<Narrator['progress']>[0]): void;
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
    for await (const event of ports.model.stream(prompt, {
      taskKind: ports.context.taskKind,
      signal: signals.limited,
    })) {
      if (event.type === 'itemDone') {
        if (answers(event.item)) answer = 'given';
        else if (answer === 'none' && event.item.type === 'reasoning') answer = 'thoughts';
        sink.finished(event.item);
      } else if (event.type === 'rateLimits') ports.history.noteRateLimits(event.snapshot);
      else if (event.type === 'completed') {
        if (answer === 'given' || event.goesOn) return event;
        const what = answer === 'thoughts' ? 'only thoughts, no words and no call' : 'no words and no call';
        return { ...failureOf(noAnswer(what), ports.jitter()), usage: event.usage };
      } else sink.progress(event);
    }
    throw new Error('the model stream ended without saying how');
  } catch (error) {
    return endOfRequest(error, ports, signals);
  }
}

/** Whether there is something in it for the user, or to do. */
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

/** A local shell call may come without any id; it gets one, so that its output can name it. */
function withCallId(item: ResponseItem, minted: string): ResponseItem {
  if (item.type !== 'local_shell_call' || item.call_id) return item;
  return { ...item, call_id: item.id || `call-${minted}` };
}

/**
 * Items without ids name their response, so that they go back to the model as the one message in which they came. Thoughts
 * name who thought them.
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
