import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { jsonLines } from '../../support/keel.ts';
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
