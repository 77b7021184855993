// `npm run bench:app-server`: one server with 50 threads that work at once, 20 steps each (a request to the model, then a tool that reads
// a file). It exits with 1 if a goal is missed. Printed: wall time a step, over all threads, the server's own CPU time in it, and its peak memory. On a machine that has other
// work the wall time says little.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { functionCall, message, respond, startModelServer, usage } from '../src/testing/index.ts';

const THREADS = 50;
const STEPS = 20;
const MAX_STEP_MS = 10;
const MAX_PEAK_MIB = 200;

const home = mkdtempSync(join(tmpdir(), 'keel-bench-'));
writeFileSync(join(home, 'notes.txt'), 'one\n');
const model = await startModelServer((request) => {
  const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
  if (done >= STEPS) return respond(message('done'), usage({}));
  return respond(functionCall('read_file', { file_path: join(home, 'notes.txt') }, `call_${done}`), usage({}));
});
const server = spawn(process.execPath, [join(import.meta.dirname, '../bin/keel.js'), 'app-server'], {
  cwd: home,
  env: { PATH: process.env['PATH'], HOME: home, KEEL_HOME: home, OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench' },
  stdio: ['pipe', 'pipe', 'inherit'],
});
const send = (body: object) => server.stdin.write(`${JSON.stringify(body)}\n`);
const input = [{ type: 'text', text: 'go' }];
let [startedAt, cpuBefore] = [0, 0];
/** CPU time of the server so far, ms; `proc(5)` counts it in hundredths of a second. */
const cpuMs = () => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
let [opened, ended, items] = [0, 0, 0];
const threads: string[] = [];
try {
  send({ id: 'hello', method: 'initialize', params: { clientInfo: { name: 'bench', version: '1' } } });
  for (let id = 0; id < THREADS; id += 1) send({ id, method: 'thread/start', params: {} });
  for await (const line of createInterface({ input: server.stdout })) {
    const { id, method, result, error, params } = JSON.parse(line);
    if (error) throw new Error(error.message);
    if (typeof id === 'number' && result) {
      threads.push(result.thread.id);
      opened += 1;
      if (opened === THREADS) {
        [startedAt, cpuBefore] = [performance.now(), cpuMs()];
        for (const threadId of threads)
          send({ id: `turn ${threadId}`, method: 'turn/start', params: { threadId, input } });
      }
    }
    if (method === 'item/completed' && params.item.type === 'dynamicToolCall') items += 1;
    if (method === 'turn/completed') ended += 1;
    if (ended === THREADS) break;
  }
  const stepMs = (performance.now() - startedAt) / (THREADS * STEPS);
  const stepCpuMs = (cpuMs() - cpuBefore) / (THREADS * STEPS);
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
  process.stdout.write(`${items} steps in ${THREADS} threads\n`);
  process.stdout.write(`a step: ${stepMs.toFixed(2)} ms (at most ${MAX_STEP_MS})\n`);
  process.stdout.write(`CPU of the server in it: ${stepCpuMs.toFixed(2)} ms\n`);
  process.stdout.write(`peak memory: ${peakMiB.toFixed(0)} MiB (at most ${MAX_PEAK_MIB})\n`);
  const isMet = items === THREADS * STEPS && stepMs <= MAX_STEP_MS && peakMiB <= MAX_PEAK_MIB;
  process.exitCode = isMet ? 0 : 1;
} finally {
  server.kill();
  await model.close();
  rmSync(home, { recursive: true, force: true });
}
