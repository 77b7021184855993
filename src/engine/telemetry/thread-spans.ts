import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { ErrorInfo, SessionEvent, SessionEventOf, ThreadItem } from '../../foundation/protocol/index.ts';
import { toolCallOf } from './tool-calls.ts';

export interface ThreadSpansOptions {
  readonly tracer: Tracer;
  readonly threadId: string;
  /** What a new turn is part of: a turn of the thread above, a trace of the program that started keel, or nothing. */
  readonly parent: () => Context;
  /** A text without secrets, bounded. */
  readonly clean: (text: string) => string;
}

interface OpenTurn {
  readonly id: string;
  readonly span: Span;
  readonly context: Context;
  readonly tokens: { input: number; output: number };
}

/**
 * The spans of a thread: one a turn, and in it one for each request that was answered and each call of a tool. Names and attributes are
 * those of OpenTelemetry's conventions for generative AI, and `keel.*` where these have none.
 */
export class ThreadSpans {
  readonly #options: ThreadSpansOptions;
  /** The newest turn that runs; a thread has one at a time. */
  #turn: OpenTurn | null = null;
  readonly #calls = new Map<string, Span>();

  constructor(options: ThreadSpansOptions) {
    this.#options = options;
  }

  /** What is done now is part of this. */
  get context(): Context {
    return this.#turn?.context ?? this.#options.parent();
  }

  note(event: SessionEvent): void {
    switch (event.type) {
      case 'turn.started':
        return this.#begin(event);
      case 'turn.completed':
        return this.#complete(event);
      case 'usage.updated':
        return this.#answered(event);
      case 'item.started':
        return this.#called(event.item);
      case 'item.completed':
        return this.#returned(event.item);
      case 'error':
        this.#turn?.span.addEvent('keel.error', { ...this.#errorOf(event.error), 'keel.will_retry': event.willRetry });
        return;
      default:
        return;
    }
  }

  /** Nothing follows: what was not ended is ended. */
  end(): void {
    for (const span of this.#calls.values()) span.end();
    this.#calls.clear();
    this.#turn?.span.end();
    this.#turn = null;
  }

  #begin({ turnId, taskKind }: SessionEventOf<'turn.started'>): void {
    this.end();
    const { tracer, threadId, parent } = this.#options;
    const attributes: Attributes = {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'keel',
      'gen_ai.conversation.id': threadId,
      'keel.turn.id': turnId,
      'keel.task.kind': taskKind,
    };
    const above = parent();
    const span = tracer.startSpan('invoke_agent keel', { attributes }, above);
    this.#turn = { id: turnId, span, context: trace.setSpan(above, span), tokens: { input: 0, output: 0 } };
  }

  #complete({ turnId, status, error, abortReason }: SessionEventOf<'turn.completed'>): void {
    if (this.#turn?.id !== turnId) return;
    const { span, tokens } = this.#turn;
    span.setAttributes({
      'keel.turn.status': status,
      'gen_ai.usage.input_tokens': tokens.input,
      'gen_ai.usage.output_tokens': tokens.output,
      ...(abortReason === null ? {} : { 'keel.turn.abort_reason': abortReason }),
    });
    if (error !== null) {
      span.setAttributes(this.#errorOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR, message: this.#options.clean(error.message) });
    }
    this.end();
  }

  /** A request is known when its answer is complete. */
  #answered({ info, request }: SessionEventOf<'usage.updated'>): void {
    if (request === undefined) return;
    const { tracer, threadId, clean } = this.#options;
    const usage = info?.last_token_usage;
    const model = clean(request.model);
    const span = tracer.startSpan(
      `chat ${model}`,
      {
        kind: SpanKind.CLIENT,
        startTime: request.sentAt,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': clean(request.provider),
          'gen_ai.request.model': model,
          'gen_ai.conversation.id': threadId,
          'keel.request.cache_write_tokens': request.cacheWritten,
          ...(request.costUsd === null ? {} : { 'keel.request.cost_usd': request.costUsd }),
          ...(request.firstTokenMs === null ? {} : { 'keel.request.first_token_ms': request.firstTokenMs }),
          ...(request.cacheMiss === null ? {} : { 'keel.request.cache_miss': request.cacheMiss }),
        },
      },
      this.context,
    );
    if (usage !== undefined) {
      span.setAttributes({
        'gen_ai.usage.input_tokens': usage.input_tokens,
        'gen_ai.usage.cache_read.input_tokens': usage.cached_input_tokens,
        'gen_ai.usage.output_tokens': usage.output_tokens,
        'gen_ai.usage.reasoning.output_tokens': usage.reasoning_output_tokens,
      });
      if (this.#turn !== null) {
        this.#turn.tokens.input += usage.input_tokens;
        this.#turn.tokens.output += usage.output_tokens;
      }
    }
    span.end(request.sentAt + request.durationMs);
  }

  #called(item: ThreadItem): void {
    const call = toolCallOf(item);
    if (call === null) return;
    const { tracer, clean } = this.#options;
    const attributes: Attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': clean(call.tool),
      'gen_ai.tool.call.id': clean(call.id),
      ...(call.server === undefined ? {} : { 'keel.mcp.server': clean(call.server) }),
    };
    this.#calls.set(item.id, tracer.startSpan(`execute_tool ${clean(call.tool)}`, { attributes }, this.context));
  }

  #returned(item: ThreadItem): void {
    const span = this.#calls.get(item.id);
    const call = toolCallOf(item);
    if (span === undefined || call === null) return;
    this.#calls.delete(item.id);
    span.setAttribute('keel.tool.outcome', call.status);
    if (call.sandbox !== undefined) span.setAttribute('keel.tool.sandbox', call.sandbox);
    if (call.exitCode !== undefined) span.setAttribute('process.exit.code', call.exitCode);
    if (call.status !== 'completed') span.setStatus({ code: SpanStatusCode.ERROR, message: call.status });
    span.end();
  }

  #errorOf({ kind, message, httpStatus }: ErrorInfo): Attributes {
    return {
      'error.type': kind,
      'error.message': this.#options.clean(message),
      ...(httpStatus === undefined ? {} : { 'http.response.status_code': httpStatus }),
    };
  }
}
