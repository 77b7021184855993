// A keel of its own, as whatever user starts it: runs scripts that reach a proxy alone, one for each line that comes in.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parsePattern } from '../../../../src/system/network/index.ts';
import { Processes, runCommand } from '../../../../src/system/process/index.ts';
import { SandboxManager } from '../../../../src/system/sandbox/index.ts';
import { workspaceWrite } from '../support.ts';
import type { NetworkPlace } from './network-world.ts';

const place: NetworkPlace = JSON.parse(process.argv[2] ?? '{}');
const { workspace, home, served, outside, allowUnixSockets } = place;

/** Whoever reaches one of these is counted: the proxy alone may, and only for an allowed name. */
let reached = 0;
const http = createHttpServer((req, res) => {
  reached += 1;
  const file = createReadStream(join(served, req.url?.split('?')[0] ?? ''));
  file.on('error', () => res.writeHead(404).end());
  file.pipe(res);
});
const abstract = `\0keel-network-${process.pid}`;
const sockets = [abstract, join(outside, 'socket')].map((path) => createServer(count).listen(path));
const datagrams = createSocket('udp4', count);
function count(): void {
  reached += 1;
}

http.listen(0, '127.0.0.1');
datagrams.bind(0, '127.0.0.1');
await Promise.all([http, datagrams, ...sockets].map((server) => once(server, 'listening')));

const processes = new Processes(`network-${process.pid}`);
const allowed = place.allowed
  ?.map(parsePattern)
  .flatMap((parsed) => (parsed.type === 'pattern' ? [parsed.pattern] : []));
const manager = new SandboxManager({
  ...{ home, env: {}, hidden: [], allowGitCommit: false, allowUnixSockets },
  ...{ maxProcesses: null, maxFileBytes: null, bwrapPath: null, processes },
  network: allowed === undefined ? null : { allowed, denied: [], mode: 'full', allowLocalBinding: true },
  resolve: async () => ['127.0.0.1'],
  onCrash: (error) => process.stderr.write(`crash: ${String(error)}\n`),
});
const signal = new AbortController().signal;
await manager.ready(signal);
const said = { port: portOf(http), udpPort: datagrams.address().port, abstract: abstract.slice(1), pid: process.pid };
process.stdout.write(`${JSON.stringify(said)}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { script, timeoutMs, isKept }: { script: string; timeoutMs: number; isKept: boolean } = JSON.parse(line);
  const before = reached;
  const env = { PATH: process.env['PATH'] ?? '', HOME: workspace, LC_ALL: 'C', OUT: outside, ...stringsOf(said) };
  const spec = { argv: ['bash', '-c', script], cwd: workspace, env };
  await manager.ready(signal);
  const planned = manager.plan({ spec, policy: workspaceWrite, cwd: workspace, sharesNetwork: true });
  if (planned.type === 'unavailable') throw new Error(planned.reason);
  const { plan } = planned;
  const release = manager.track(plan);
  const running = runCommand(plan.spawn, {
    ...{ processes, timeoutMs, signal, spill: null },
    onText: () => undefined,
  });
  if (isKept) {
    void running.then(release);
    process.stdout.write('{}\n');
    continue;
  }
  const { output, end } = await running;
  release();
  const exitCode = end.type === 'exited' ? end.exitCode : -1;
  const denial = manager.denial(plan, { exitCode, output });
  const refusedHosts = manager.refusedHosts(plan);
  const { network } = plan;
  process.stdout.write(
    `${JSON.stringify({ output, exitCode, network, refusedHosts, denial, reached: reached - before })}\n`,
  );
}
manager.close();
processes.close();
for (const server of [http, ...sockets]) server.close();
datagrams.close();

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function stringsOf(values: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toUpperCase(), String(value)]));
}
