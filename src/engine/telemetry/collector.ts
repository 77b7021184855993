import { type Context, defaultTextMapGetter, ROOT_CONTEXT, SeverityNumber } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { SessionEvent } from '../../foundation/protocol/index.ts';
import { version, within } from '../../foundation/util/index.ts';
import type { Config } from '../../storage/config/index.ts';
import type { EventRecord } from './event-records.ts';
import { type ExporterOptions, openExporters } from './exporters.ts';
import { instruments, ThreadMetrics } from './thread-metrics.ts';
import { ThreadSpans } from './thread-spans.ts';

/** What a program that ends waits for its last batches, milliseconds. */
const FLUSH_MS = 500;
const METRICS_INTERVAL_MS = 60_000;
const METRICS_TIMEOUT_MS = 5_000;

const SEVERITY = { info: SeverityNumber.INFO, warn: SeverityNumber.WARN, error: SeverityNumber.ERROR } as const;

export interface CollectorOptions extends ExporterOptions {
  /** `service.name`, unless `OTEL_SERVICE_NAME` says otherwise. */
  readonly originator: string;
}

interface FollowedThread {
  readonly threadId: string;
  /** The thread that it works for. */
  readonly parent: string | null;
  readonly clean: (text: string) => string;
}

/** What is reported of one thread. */
export interface ThreadReport {
  note(event: SessionEvent, record: EventRecord | null): void;
  end(): void;
}

/** Reports threads to one collector. It registers nothing with the process: a program that keel is part of has its own. */
export class Collector {
  readonly #providers;
  readonly #instruments;
  readonly #outside: Context;
  readonly #threads = new Map<string, ThreadSpans>();

  constructor(options: CollectorOptions) {
    const exporters = openExporters(options);
    const own = {
      'service.name': options.originator,
      'service.version': version,
      'deployment.environment.name': options.telemetry.environment,
    };
    const resource = defaultResource()
      .merge(resourceFromAttributes(own))
      .merge(detectResources({ detectors: [envDetector] }));
    const reader = new PeriodicExportingMetricReader({
      exporter: exporters.metrics,
      exportIntervalMillis: METRICS_INTERVAL_MS,
      exportTimeoutMillis: METRICS_TIMEOUT_MS,
    });
    this.#providers = {
      spans: new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: exporters.spans })] }),
      metrics: new MeterProvider({ resource, readers: [reader] }),
      logs: new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: exporters.logs })] }),
    };
    this.#instruments = instruments(this.#providers.metrics.getMeter('keel', version));
    this.#outside = outsideContext(options.env);
  }

  follow({ threadId, parent, clean }: FollowedThread): ThreadReport {
    const above = parent === null ? null : this.#threads.get(parent);
    const spans = new ThreadSpans({
      tracer: this.#providers.spans.getTracer('keel', version),
      threadId,
      parent: () => above?.context ?? this.#outside,
      clean,
    });
    const metrics = new ThreadMetrics(this.#instruments, clean);
    const logger = this.#providers.logs.getLogger('keel', version);
    this.#threads.set(threadId, spans);
    return {
      note: (event, record) => {
        spans.note(event);
        metrics.note(event);
        if (record === null) return;
        logger.emit({
          eventName: record.name,
          body: record.name,
          severityNumber: SEVERITY[record.severity],
          severityText: record.severity.toUpperCase(),
          attributes: { 'gen_ai.conversation.id': threadId, ...record.attributes },
          context: spans.context,
        });
      },
      end: () => {
        spans.end();
        this.#threads.delete(threadId);
      },
    };
  }

  /** Sends what there is so far. */
  async flush(): Promise<void> {
    await Promise.allSettled(Object.values(this.#providers).map((provider) => provider.forceFlush()));
  }

  /** Sends what is left, within the time for that; the rest is dropped. */
  async close(): Promise<void> {
    const sent = Promise.allSettled(Object.values(this.#providers).map((provider) => provider.shutdown()));
    await within(sent, FLUSH_MS);
  }
}

/** The trace of the program that started keel, such as a step of CI (https://www.w3.org/TR/trace-context/, as variables). */
function outsideContext(env: Config['env']): Context {
  const carrier = { traceparent: env['TRACEPARENT'], tracestate: env['TRACESTATE'] };
  return new W3CTraceContextPropagator().extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
}
