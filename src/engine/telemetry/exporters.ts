import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { Config } from '../../storage/config/index.ts';

/** A batch that can't be delivered by then, with one attempt again, is dropped. */
const EXPORT_TIMEOUT_MS = 2_000;

export interface ExporterOptions {
  readonly telemetry: NonNullable<Config['telemetry']>;
  readonly env: Config['env'];
  /** Called with why a batch was dropped. */
  readonly onFailure: (error: Error | undefined) => void;
}

/** OTLP over HTTP as JSON. What the settings leave out is as `OTEL_EXPORTER_OTLP_*` in the environment of the process. */
export function openExporters({ telemetry, env, onFailure }: ExporterOptions) {
  const { endpoint, headers, envHeaders } = telemetry;
  const fromEnv = Object.entries(envHeaders).flatMap(([name, variable]) => {
    const value = env[variable]?.trim();
    return value ? [[name, value] as const] : [];
  });
  const to = (path: string) => ({
    ...(endpoint === null ? {} : { url: `${endpoint}/v1/${path}` }),
    headers: { ...headers, ...Object.fromEntries(fromEnv) },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  return {
    spans: reporting(new OTLPTraceExporter(to('traces')), onFailure),
    metrics: reporting(new OTLPMetricExporter(to('metrics')), onFailure),
    logs: reporting(new OTLPLogExporter(to('logs')), onFailure),
  };
}

interface Exporter<I> {
  export(items: I, done: (result: ExportResult) => void): void;
}

/** The same exporter. Its own way to report a failure is a logger of the whole process, which keel may be a part of. */
function reporting<I, E extends Exporter<I>>(exporter: E & Exporter<I>, onFailure: ExporterOptions['onFailure']): E {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      if (result.code !== ExportResultCode.SUCCESS) onFailure(result.error);
      done(result);
    });
  return exporter;
}
