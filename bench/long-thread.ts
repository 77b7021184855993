import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { highWaterKiB, median, type RunOptions } from './measure.ts';

/** CPU time of a step at three places of a thread, ms: from the end of a response to the head of the next request. */
export interface LongThread {
  /** Around the 20th. The engine still learns the code then, which makes it dear. */
  readonly early: number;
  /** Before the 300th, when it has. */
  readonly warm: number;
  /** Among the last. */
  readonly late: number;
  /** The most memory that it had, MiB. */
  readonly peakMiB: number;
}

const EARLY = { from: 10, to: 30 };
const WARM = { from: 200, to: 300 };
const LATE_STEPS = 100;

/** Runs a thread of this many commands, one a response. The program finds the model by `OPENAI_BASE_URL`. */
export async function runLongThread(steps: number, options: RunOptions): Promise<LongThread> {
  const model = new StepModel(steps);
  const url = await model.open();
  const [program = '', ...args] = options.argv;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...options.env, OPENAI_BASE_URL: url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  model.watch(child.pid ?? 0);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  const code = await promise;
  model.close();
  if (code !== 0 || model.costs.length < steps) throw new Error(`${program} exited ${code}: ${stderr.slice(0, 500)}`);
  return {
    early: median(model.costs.slice(EARLY.from, EARLY.to)),
    warm: median(model.costs.slice(WARM.from, WARM.to)),
    late: median(model.costs.slice(-LATE_STEPS)),
    peakMiB: model.peakKiB / 1024,
  };
}

/**
 * A model that asks for one command a response. Unlike the scripted server it neither keeps nor parses what it is sent: over
 * thousands of steps that would cost more than what is measured.
 */
class StepModel {
  readonly costs: number[] = [];
  peakKiB = 0;
  readonly #steps: number;
  readonly #server = createServer((request, response) => {
    // Sending is not what is measured: the head of a request comes before its body.
    this.#requestBegan();
    request.resume();
    request.on('end', () => this.#answer(response));
  });
  #pid = 0;
  #count = 0;
  #cpuAtAnswer: number | null = null;

  constructor(steps: number) {
    this.#steps = steps;
  }

  async open(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    const address = this.#server.address();
    return `http://127.0.0.1:${isAddress(address) ? address.port : 0}/v1`;
  }

  watch(pid: number): void {
    this.#pid = pid;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #requestBegan(): void {
    if (this.#cpuAtAnswer !== null) this.costs.push(cpuMs(this.#pid) - this.#cpuAtAnswer);
  }

  #answer(response: ServerResponse): void {
    const item = this.#count < this.#steps ? call(this.#count) : LAST;
    this.#count += 1;
    this.peakKiB = highWaterKiB(String(this.#pid));
    const id = `resp_${this.#count}`;
    const usage = { input_tokens: 10, output_tokens: 2, total_tokens: 12 };
    const events = [
      { type: 'response.created', response: { id } },
      { type: 'response.output_item.done', item },
      { type: 'response.completed', response: { id, usage } },
    ];
    this.#cpuAtAnswer = cpuMs(this.#pid);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
  }
}

const LAST = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'done' }] };

function call(index: number): object {
  const cmd = `true # ${index}`;
  return { type: 'function_call', name: 'exec_command', arguments: JSON.stringify({ cmd }), call_id: `call_${index}` };
}

/** Time that all threads of a process ran, from the kernel's own count in nanoseconds; what it started is not in it. */
function cpuMs(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // That thread has just ended.
    }
  }
  return sum / 1e6;
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
