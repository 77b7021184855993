import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod/mini';

/** One value of OTLP's JSON form. */
const Value = z.object({
  stringValue: z.optional(z.string()),
  intValue: z.optional(z.union([z.string(), z.number()])),
  doubleValue: z.optional(z.number()),
  boolValue: z.optional(z.boolean()),
});
const Attributes = z.array(z.object({ key: z.string(), value: Value }));
const Resource = z.object({ attributes: Attributes });

const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.optional(z.string()),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: Attributes,
  events: z.optional(z.array(z.object({ name: z.string(), attributes: z.optional(Attributes) }))),
  status: z.object({ code: z.optional(z.number()), message: z.optional(z.string()) }),
});
const Point = z.object({
  attributes: Attributes,
  sum: z.optional(z.number()),
  count: z.optional(z.union([z.string(), z.number()])),
  asDouble: z.optional(z.number()),
  asInt: z.optional(z.union([z.string(), z.number()])),
});
const Points = z.object({ dataPoints: z.array(Point) });
const Metric = z.object({
  name: z.string(),
  unit: z.optional(z.string()),
  histogram: z.optional(Points),
  sum: z.optional(Points),
});
const Log = z.object({
  eventName: z.optional(z.string()),
  severityText: z.optional(z.string()),
  attributes: Attributes,
  traceId: z.optional(z.string()),
  spanId: z.optional(z.string()),
});

const Request = z.object({
  resourceSpans: z.optional(
    z.array(z.object({ resource: Resource, scopeSpans: z.array(z.object({ spans: z.array(Span) })) })),
  ),
  resourceMetrics: z.optional(
    z.array(z.object({ resource: Resource, scopeMetrics: z.array(z.object({ metrics: z.array(Metric) })) })),
  ),
  resourceLogs: z.optional(
    z.array(z.object({ resource: Resource, scopeLogs: z.array(z.object({ logRecords: z.array(Log) })) })),
  ),
});

export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

function factsOf(attributes: z.infer<typeof Attributes>): Facts {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { stringValue, intValue, doubleValue, boolValue } = value;
      return [key, stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue];
    }),
  );
}

export type ReceivedSpan = Omit<z.infer<typeof Span>, 'attributes'> & { readonly attributes: Facts };
export type ReceivedLog = Omit<z.infer<typeof Log>, 'attributes'> & { readonly attributes: Facts };
export interface ReceivedPoint {
  readonly name: string;
  readonly attributes: Facts;
  readonly sum: number | undefined;
}

/** What becomes of an export: it is taken, refused, or never answered. */
export type Receiving = 'take' | 'refuse' | 'hang';

/** A collector on this machine that takes OTLP over HTTP as JSON and keeps what it got. */
export async function startOtlpReceiver(receiving: Receiving = 'take') {
  const bodies: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly text: string }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    bodies.push({ path: request.url ?? '', headers: request.headers, text: Buffer.concat(parts).toString() });
    if (receiving === 'hang') return;
    response.writeHead(receiving === 'take' ? 200 : 400, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const parsed = () => bodies.map(({ text }) => Request.parse(JSON.parse(text)));
  return {
    url: `http://127.0.0.1:${address.port}`,
    bodies,
    resources: (): Facts[] =>
      parsed().flatMap(({ resourceSpans = [], resourceMetrics = [], resourceLogs = [] }) =>
        [...resourceSpans, ...resourceMetrics, ...resourceLogs].map(({ resource }) => factsOf(resource.attributes)),
      ),
    spans: (): ReceivedSpan[] =>
      parsed().flatMap(({ resourceSpans = [] }) =>
        resourceSpans
          .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
          .map((span) => ({ ...span, attributes: factsOf(span.attributes) })),
      ),
    logs: (): ReceivedLog[] =>
      parsed().flatMap(({ resourceLogs = [] }) =>
        resourceLogs
          .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
          .map((log) => ({ ...log, attributes: factsOf(log.attributes) })),
      ),
    /** Those of the newest export, which count from the start. */
    points: (): ReceivedPoint[] =>
      parsed()
        .flatMap(({ resourceMetrics }) => (resourceMetrics === undefined ? [] : [resourceMetrics]))
        .slice(-1)
        .flat()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
        .flatMap(({ name, histogram, sum }) =>
          [...(histogram?.dataPoints ?? []), ...(sum?.dataPoints ?? [])].map((point) => ({
            name,
            attributes: factsOf(point.attributes),
            sum: point.sum ?? point.asDouble ?? (point.asInt === undefined ? undefined : Number(point.asInt)),
          })),
        ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
