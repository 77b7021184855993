import type { Meter } from '@opentelemetry/api';
import type { SessionEvent, SessionEventOf } from '../../foundation/protocol/index.ts';
import { monotonicMs } from '../../foundation/util/index.ts';
import { toolCallOf } from './tool-calls.ts';

/** What is measured of all threads together. */
export function instruments(meter: Meter) {
  const seconds = { unit: 's' };
  return {
    tokens: meter.createHistogram('gen_ai.client.token.usage', {
      unit: '{token}',
      description: 'Tokens of a response',
    }),
    request: meter.createHistogram('gen_ai.client.operation.duration', { ...seconds, description: 'A model request' }),
    firstToken: meter.createHistogram('gen_ai.server.time_to_first_token', {
      ...seconds,
      description: 'From a request to the first piece of its answer',
    }),
    cost: meter.createCounter('keel.cost', { unit: 'USD', description: 'What requests cost, where prices are known' }),
    turn: meter.createHistogram('keel.turn.duration', { ...seconds, description: 'A turn' }),
    tool: meter.createHistogram('keel.tool.duration', { ...seconds, description: 'A call of a tool' }),
    errors: meter.createCounter('keel.errors', {
      unit: '{error}',
      description: 'Failures, those that are retried too',
    }),
  };
}

/** Measures one thread. */
export class ThreadMetrics {
  readonly #instruments: ReturnType<typeof instruments>;
  readonly #clean: (text: string) => string;
  /** Turns and calls that run, by their ids, since when, milliseconds. */
  readonly #since = new Map<string, number>();

  constructor(all: ReturnType<typeof instruments>, clean: (text: string) => string) {
    this.#instruments = all;
    this.#clean = clean;
  }

  note(event: SessionEvent): void {
    const { turn, tool, errors } = this.#instruments;
    switch (event.type) {
      case 'turn.started':
        this.#since.clear();
        this.#since.set(event.turnId, monotonicMs());
        return;
      case 'turn.completed':
        turn.record(this.#secondsSince(event.turnId), { 'keel.turn.status': event.status });
        return;
      case 'item.started':
        if (toolCallOf(event.item) !== null) this.#since.set(event.item.id, monotonicMs());
        return;
      case 'item.completed': {
        const call = toolCallOf(event.item);
        if (call === null) return;
        const attributes = { 'gen_ai.tool.name': this.#clean(call.tool), 'keel.tool.outcome': call.status };
        tool.record(this.#secondsSince(call.id), attributes);
        return;
      }
      case 'usage.updated':
        return this.#answered(event);
      case 'error':
        errors.add(1, { 'error.type': event.error.kind, 'keel.will_retry': event.willRetry });
        return;
      default:
        return;
    }
  }

  #answered({ info, request }: SessionEventOf<'usage.updated'>): void {
    if (request === undefined) return;
    const { tokens, cost, request: duration, firstToken } = this.#instruments;
    const of = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': this.#clean(request.provider),
      'gen_ai.request.model': this.#clean(request.model),
    };
    duration.record(request.durationMs / 1_000, of);
    if (request.firstTokenMs !== null) firstToken.record(request.firstTokenMs / 1_000, of);
    if (request.costUsd !== null) cost.add(request.costUsd, of);
    const usage = info?.last_token_usage;
    if (usage === undefined) return;
    tokens.record(usage.input_tokens, { ...of, 'gen_ai.token.type': 'input' });
    tokens.record(usage.cached_input_tokens, { ...of, 'gen_ai.token.type': 'cached_input' });
    tokens.record(usage.output_tokens, { ...of, 'gen_ai.token.type': 'output' });
    tokens.record(usage.reasoning_output_tokens, { ...of, 'gen_ai.token.type': 'reasoning_output' });
  }

  #secondsSince(id: string): number {
    const since = this.#since.get(id);
    this.#since.delete(id);
    return since === undefined ? 0 : (monotonicMs() - since) / 1_000;
  }
}
