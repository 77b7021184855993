// A collector of OpenTelemetry in 40 lines, to see what keel reports: one line for each span, log record and metric.
//
//   node examples/collector.mjs &
//   keel exec -c 'otel.exporter="otlp-http"' "Which files are the largest here?"
import { createServer } from 'node:http';

const port = Number(process.env.PORT ?? 4318);

const plain = ({ stringValue, intValue, doubleValue, boolValue }) =>
  stringValue ?? intValue ?? doubleValue ?? boolValue;
const shown = (attributes = []) =>
  attributes
    .filter(({ key }) => !key.startsWith('gen_ai.operation'))
    .map(({ key, value }) => `${key}=${plain(value)}`)
    .join(' ');

function* lines({ resourceSpans = [], resourceLogs = [], resourceMetrics = [] }) {
  for (const span of resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))) {
    const ms = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
    yield `span   ${span.name} (${Math.round(ms)} ms) ${shown(span.attributes)}`;
  }
  for (const log of resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))) {
    yield `log    ${log.eventName} ${shown(log.attributes)}`;
  }
  for (const metric of resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))) {
    const points = (metric.histogram ?? metric.sum ?? metric.gauge)?.dataPoints ?? [];
    for (const { sum, asDouble, asInt, attributes } of points) {
      yield `metric ${metric.name} ${sum ?? asDouble ?? asInt} ${shown(attributes)}`;
    }
  }
}

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  for (const line of lines(JSON.parse(Buffer.concat(parts).toString()))) console.log(line);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
server.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
