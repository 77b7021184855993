import * as z from 'zod/mini';
import { type ErrorInfo, RequestRecord, ResponseItem, TokenUsage } from '../../foundation/protocol/index.ts';
import type { Prompt } from '../../models/prompt/index.ts';

import { jsonCodec, stepId, summaryStepId } from '../steps/index.ts';
import { endOfRequest, refusedByBudget, requestSignal } from './budget-end.ts';
import { askAfter, askBefore } from './hooks/compaction-hooks.ts';
import type { HistoryCopy, TurnPorts } from './ports.ts';
import { Recovery } from './recovery.ts';
import { JournaledEnd } from './sampling-end.ts';

export type CompactionOutcome =
  | { readonly type: 'compacted' }
  /** A hook wants the conversation to stay as it is. */
  | { readonly type: 'blocked'; readonly reason: string }
  | { readonly type: 'failed'; readonly error: ErrorInfo }
  | { readonly type: 'interrupted' };

const SummaryEnd = z.union([
  z.object({
    type: z.literal('summary'),
    text: z.string(),
    usage: z.nullable(TokenUsage),
    request: z.optional(RequestRecord),
  }),
  JournaledEnd,
]);
type SummaryEnd = z.infer<typeof SummaryEnd>;

const summaryCodec = jsonCodec(SummaryEnd);
const builtCodec = jsonCodec(z.object({ items: z.array(ResponseItem), warnings: z.array(z.string()) }));

/** After this many requests that were too long, each further one drops more than a single item. */
const MAX_SINGLE_DROPS = 4;
/** How often a handover without words is asked for again. */
const MAX_ASKED_AGAIN = 2;
/** A request that was refused as too long is cut to at most this share of itself. */
const SHARE_LEFT_REFUSED = 0.8;

export interface CompactOptions {
  /** The provider refused the conversation as too long: it does not fit into a request for a handover either. */
  readonly wasRefused: boolean;
}

/**
 * Replaces the conversation so far by a handover. The model writes it at the end of a copy: the live history gets neither
 * the question nor the answer, and stays as it is if this fails or is interrupted.
 */
export async function compact(
  ports: TurnPorts,
  place: number | string,
  options: CompactOptions = { wasRefused: false },
): Promise<CompactionOutcome> {
  const { context, emit } = ports;
  const blocked = await askBefore(ports, place);
  if (blocked !== null) return { type: 'blocked', reason: blocked };
  const item = { type: 'contextCompaction', id: `${context.turnId}-compact-${place}` } as const;
  emit({ type: 'item.started', turnId: context.turnId, item });
  const outcome = await summarise(ports, place, options);
  emit({ type: 'item.completed', turnId: context.turnId, item });
  if (outcome.type === 'compacted') await askAfter(ports, place);
  return outcome;
}

async function summarise(
  ports: TurnPorts,
  place: number | string,
  { wasRefused }: CompactOptions,
): Promise<CompactionOutcome> {
  const { history, compaction } = ports;
  const copy = history.copy();
  const recovery = new Recovery(ports, compaction.model, (refused) => copy.takeOut(refused));
  let trimmed = wasRefused ? copy.dropUntil(SHARE_LEFT_REFUSED) : 0;
  let tooLong = 0;
  let wordless = 0;
  for (let attempt = 1; ; attempt += 1) {
    const id = summaryStepId(place, attempt);
    const { end, isReplayed } = await requestSummary(ports, copy, id);
    if (end.type === 'summary') {
      history.noteUsage({ usage: end.usage, request: end.request, isReplayed });
      if (end.text.trim() === '' && wordless < MAX_ASKED_AGAIN) {
        wordless += 1;
        continue;
      }
      if (trimmed > 0) warn(ports, trimmedText(trimmed));
      return replaceHistory(ports, place, end.text);
    }
    if (end.type !== 'failed') return { type: 'interrupted' };
    if (end.error.kind === 'contextWindowExceeded') {
      compaction.tooLong(end.error.message);
      if (end.windowTokens !== undefined) compaction.learnWindow(end.windowTokens);
      tooLong += 1;
      const dropped = copy.dropOldest(itemsToDrop(tooLong));
      if (dropped === 0) {
        history.noteWindowFull();
        return { type: 'failed', error: end.error };
      }
      trimmed += dropped;
      recovery.reset();
      continue;
    }
    const error = await recovery.from(end, id);
    if (error !== null) return { type: 'failed', error };
  }
}

function trimmedText(count: number): string {
  return `Trimmed ${count} older conversation item${count === 1 ? '' : 's'} to make room for the handover.`;
}

/** One at a time at first, then twice as many with each attempt: a thread of thousands of items fits after a few. */
function itemsToDrop(attempts: number): number {
  return 2 ** Math.max(0, attempts - MAX_SINGLE_DROPS);
}

async function requestSummary(
  ports: TurnPorts,
  copy: HistoryCopy,
  id: string,
): Promise<{ readonly end: SummaryEnd; readonly isReplayed: boolean }> {
  const prompt = promptFor(ports, copy);
  const asks = () => ports.compaction.model.fingerprint(prompt);
  const { value, replayed } = await ports.steps.step(
    { id, kind: 'compact', codec: summaryCodec, repeat: 'safe', asks },
    async ({ signal }): Promise<SummaryEnd> => {
      const refused = refusedByBudget(ports, { isLastAnswer: false, round: null });
      if (refused !== null) return refused;
      ports.history.recordContext();
      const limited = requestSignal(ports, signal, false);
      try {
        return await readSummary(ports, prompt, limited);
      } catch (error) {
        return endOfRequest(error, ports, { signal, limited });
      }
    },
  );
  return { end: value, isReplayed: replayed };
}

/** The text of the last assistant message of the response, and its usage. */
async function readSummary(ports: TurnPorts, prompt: Prompt, signal: AbortSignal): Promise<SummaryEnd> {
  let text = '';
  for await (const events of ports.compaction.model.stream(prompt, { taskKind: 'compact', signal })) {
    for (const event of events) {
      if (event.type === 'itemDone' && event.item.type === 'message' && event.item.role === 'assistant') {
        text = event.item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
      } else if (event.type === 'rateLimits') ports.history.noteRateLimits(event.snapshot);
      else if (event.type === 'completed') {
        const { usage, request } = event;
        return { type: 'summary', text, usage, ...(request === undefined ? {} : { request }) };
      }
    }
  }
  throw new Error('the model stream ended without a final event');
}

/** Instructions, tools and the first items are those of every request of the thread, so that the provider's cache serves. */
function promptFor({ context, tools, compaction }: TurnPorts, copy: HistoryCopy): Prompt {
  return {
    instructions: context.instructions,
    input: copy.asking(compaction.question),
    tools: tools.specs,
    parallelToolCalls: context.model.supportsParallelToolCalls,
    toolChoice: 'none',
  };
}

async function replaceHistory(ports: TurnPorts, place: number | string, summary: string): Promise<CompactionOutcome> {
  const { steps, history, compaction } = ports;
  const { value } = await steps.step(
    { id: stepId('compaction', place), kind: 'compact', codec: builtCodec, repeat: 'safe' },
    async () => {
      const { items, warnings } = compaction.handover(summary);
      // The record is on the disk before anything builds on it. If a crash makes it written twice, the later one counts.
      history.recordCompaction(summary, items);
      return { items: [...items], warnings: [...warnings] };
    },
  );
  history.replace(value.items);
  for (const warning of value.warnings) warn(ports, warning);
  return { type: 'compacted' };
}

function warn({ context, emit }: TurnPorts, message: string): void {
  emit({ type: 'warning', turnId: context.turnId, message });
}
