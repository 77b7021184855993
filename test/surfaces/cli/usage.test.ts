import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { jsonLines, rolloutsIn } from '../../support/keel.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
beforeEach(async () => {
  home = keelHome();
  repo = gitRepository();
  server = await startModelServer(({ input, body }) => {
    const isFirst = input.filter(({ type }) => type === 'function_call_output').length === 0;
    const tokens = usage({ input: 5_000, cached: isFirst ? 0 : 4_900, output: 100, reasoning: 10 });
    const asks = isFirst && body['model'] === 'gpt-5';
    return asks
      ? respond(functionCall('exec_command', { cmd: 'true' }), tokens)
      : respond(message(JSON.stringify({ findings: [], overall_explanation: 'fine' })), tokens);
  });
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const keel = (...args: string[]) => runCommandLine(args, { home: home.path, cwd: repo.path, url: server.url });
const price = ['-c', 'model_prices.gpt-5={input=1,cached_input=0.1,output=10}'];
const idOf = (stdout: string) => String(jsonLines(stdout)[0]?.['thread_id']);
async function report(...args: string[]) {
  const run = await keel('usage', '--json', ...args);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(run.stdout);
}
const costOfTwo = (5_000 * 1 + 100 * 10 + 100 * 1 + 4_900 * 0.1 + 100 * 10) / 1_000_000;

test('requests are summed by day, model and thread; a reviewer counts under its thread, and a fork counts nothing twice', {
  timeout: 60_000,
}, async () => {
  expect((await keel('usage')).stdout).toBe('No answered requests are recorded.\n');
  const id = idOf((await keel('exec', '--json', '-m', 'gpt-5', ...price, 'go')).stdout);
  const reviewed = idOf((await keel('review', '--json', '-m', 'gpt-5.1', 'look')).stdout);

  const all = await report();
  expect(all.by).toBe('day');
  expect(all.rows).toHaveLength(1);
  expect(all.total).toMatchObject({
    ...{ requests: 3, input_tokens: 15_000, cached_input_tokens: 4_900, output_tokens: 300 },
    ...{ reasoning_output_tokens: 30, unpriced_requests: 1, unmeasured_requests: 0 },
    cache_misses: { firstRequest: { requests: 2, tokens: 0 } },
  });
  expect(all.total.cost_usd).toBeCloseTo(costOfTwo);

  const byThread = await report('--by', 'thread');
  expect(byThread.rows.map(({ key }: { key: string }) => key)).toEqual([id, reviewed]);
  expect((await report(id, '--by', 'model')).rows).toMatchObject([{ key: 'openai/gpt-5', sum: { requests: 2 } }]);
  expect((await report(reviewed)).total.requests).toBe(1);

  expect((await keel('exec', 'fork', id, '-m', 'gpt-5.1', 'and')).code).toBe(0);
  expect((await report()).total.requests).toBe(4);
  expect((await report('--since', '1h')).total.requests).toBe(4);
  expect((await report('--since', '2999-01-01')).total.requests).toBe(0);

  const { stdout } = await keel('usage', '--by', 'model');
  expect(stdout).toMatch(/openai\/gpt-5 +2 +10,000 +4,900 +200 +20 +\$0\.0076/);
  expect(stdout).toContain('The price of 2 requests is not known');
  expect(stdout).toMatch(/2 {2}the first request of a thread/);
  expect((await keel('usage', '--since', 'soon')).stderr).toContain('since when?');
});

test('subagents count under the thread that they worked for, at any depth, and one of them with those below it', async () => {
  await server.close();
  const spawn = (task: string) => functionCall('spawn_agent', { message: task }, 'c1');
  const wait = functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'c2');
  server = await startModelServer((request) => {
    const tokens = usage({ input: 1_000, output: 10 });
    const answered = request.input.filter(({ type }) => type === 'function_call_output').length;
    const texts = request.textsOf('user');
    const task = texts[texts.findIndex((text) => text.startsWith('<agent_role')) + 1] ?? '';
    const below = texts.every((text) => !text.startsWith('<agent_role')) ? 'the child' : 'the grandchild';
    if (task.includes('the grandchild') || answered === 2) return respond(message('done'), tokens);
    return respond(answered === 0 ? spawn(below) : wait, tokens);
  });
  const deep = ['-c', 'features.multi_agent=true', '-c', 'agents.max_depth=2'];
  const run = await keel('exec', '--json', '-m', 'gpt-5', ...price, ...deep, 'go');
  expect(run.code).toBe(0);
  const id = idOf(run.stdout);
  const heads: { id: string; parent_thread_id?: string }[] = rolloutsIn(home.path).map(
    (path) => JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '').payload,
  );
  expect(heads).toHaveLength(3);
  const child = heads.find((head) => head.parent_thread_id === id)?.id ?? '';
  const grandchild = heads.find((head) => head.parent_thread_id === child)?.id ?? '';

  const { rows, total } = await report('--by', 'thread');
  expect(rows).toMatchObject([{ key: id, sum: { requests: 7, input_tokens: 7_000, output_tokens: 70 } }]);
  expect(total.cost_usd).toBeCloseTo((7_000 + 700) / 1_000_000);
  const requests = async (thread: string) => (await report(thread)).total.requests;
  expect([await requests(id), await requests(child), await requests(grandchild)]).toEqual([7, 4, 1]);
});
