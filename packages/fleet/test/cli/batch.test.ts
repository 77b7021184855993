import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchTable, runBatch } from '../../src/cli/batch.ts';
import { batchJobs } from '../../src/cli/batch-file.ts';
import type { BatchLimits } from '../../src/cli/batch-shares.ts';
import { CommandError } from '../../src/cli/fleet-folder.ts';
import type { Target } from '../../src/cli/target.ts';
import { startFakeEngine } from '../front/fake-engine.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function jobsOf(lines: readonly object[]) {
  const file = join(dir, 'batch.jsonl');
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  return batchJobs({ file, cwd: dir, overrides: [] });
}

const UNLIMITED: BatchLimits = {
  ...{ concurrency: 9, perProvider: 9, perDirectory: 9, perRepository: 9 },
  ...{ maxTokens: null, maxTokensPerProvider: null, maxTokensPerRepository: null },
};

describe('how many turns of a batch run at once', () => {
  let engine: Awaited<ReturnType<typeof startFakeEngine>>;
  beforeEach(async () => {
    engine = await startFakeEngine();
  });
  afterEach(() => engine[Symbol.asyncDispose]());

  /**
   * Lets turns end once `expected` of them run.
   * @returns the most that ran at once, of all and in each directory
   */
  async function most(lines: readonly object[], limited: Partial<BatchLimits>, expected: number) {
    const limits = { ...UNLIMITED, ...limited };
    const running = { ingress: engine.url, admin: engine.url, front: engine.url, token: '', workers: {}, pid: 0 };
    const target: Target = { type: 'local', dir, running };
    const jobs = jobsOf(lines);
    const counts = new Map<string, number>([['', 0]]);
    const stop = new AbortController();
    const ending = (async () => {
      while (!stop.signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const open = [...engine.threads].filter(([, { current }]) => current !== null);
        for (const place of ['', ...open.map(([, state]) => state.place.cwd)]) {
          const alike = open.filter(([, state]) => place === '' || state.place.cwd === place).length;
          counts.set(place, Math.max(counts.get(place) ?? 0, alike));
        }
        const [id] = (counts.get('') ?? 0) < expected ? [] : (open[0] ?? []);
        if (id !== undefined)
          engine.end(id, { type: 'ended', status: 'completed', message: '', error: null, tokens: 1, taken: [] });
      }
    })();
    const options = { target, home: dir, jobs, limits, onProgress: () => undefined };
    const results = await runBatch(options, AbortSignal.timeout(30_000));
    stop.abort();
    await ending;
    expect(results.map(({ job }) => job)).toEqual(jobs);
    const all = counts.get('') ?? 0;
    counts.delete('');
    return { all, each: Math.max(...counts.values()), results };
  }

  const lines = Array.from({ length: 9 }, (_, at) => ({ prompt: `${at}`, cwd: `d${at % 3}` }));
  test('is bounded for all of them', async () => {
    const { all } = await most(lines, { concurrency: 2 }, 2);
    expect(all).toBe(2);
  });

  test('is bounded in each directory, and a full one keeps no other from starting', async () => {
    const counts = await most(lines, { perDirectory: 1 }, 3);
    expect(counts).toMatchObject({ all: 3, each: 1 });
    const [state] = engine.threads.values();
    expect(state?.limits).toEqual([
      { name: `provider:${dir}`, max: 9 },
      { name: `directory:${join(dir, 'd0')}`, max: 1 },
    ]);
  });

  test('is bounded for each provider’s key, in the batch and at the engine', async () => {
    const two = lines.map((line, at) => ({ ...line, cwd: `d${at}`, ...(at % 3 === 0 ? { provider: 'other' } : {}) }));
    const { all } = await most(two, { perProvider: 1 }, 2);
    expect(all).toBe(2);
    const names = [...engine.threads.values()].map(({ limits }) => limits[0]);
    expect(names.filter((limit) => limit?.name === `provider:${dir}:other`)).toHaveLength(3);
    expect(names.filter((limit) => limit?.name === `provider:${dir}`)).toHaveLength(6);
  });

  test('is none any more in a repository whose budget is used up, while the others run on', async () => {
    const { results } = await most(lines, { concurrency: 1, maxTokensPerRepository: 2 }, 1);
    const ended = results.filter(({ end }) => end.type === 'ended').map(({ job }) => job.prompt);
    expect(ended).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(results.at(-1)?.end).toEqual({ type: 'notStarted', why: `the budget of ${join(dir, 'd2')} was used up` });
    expect(batchTable(results)).toMatch(/not started.*the budget of .*d0 was used up/);
  });
});

describe('a file of a batch', () => {
  test('names a provider and a model, which the settings of its thread have', () => {
    const [plain, other] = jobsOf([{ prompt: 'a' }, { prompt: 'b', provider: 'other', model: 'm' }]);
    expect(plain).toMatchObject({ provider: null, overrides: [] });
    expect(other).toMatchObject({ provider: 'other', overrides: ['model_provider="other"', 'model="m"'] });
  });

  test('names the same threads each time, and other ones in another file', () => {
    const lines = [{ prompt: 'a' }, { prompt: 'a' }, { prompt: 'b', id: 'x' }];
    const ids = jobsOf(lines).map(({ threadId }) => threadId);
    expect(new Set(ids).size).toBe(3);
    expect(jobsOf(lines).map(({ threadId }) => threadId)).toEqual(ids);
    expect(jobsOf([{ prompt: 'changed', id: 'x' }]).map(({ threadId }) => threadId)).toEqual(ids.slice(2));
  });

  const wrong: readonly (readonly [string, object, string])[] = [
    ['without a prompt', {}, ':1: expected'],
    ['with an empty one', { prompt: '' }, ':1: expected'],
    ['with a word that is none', { prompt: 'a', cwdd: '.' }, ':1: expected'],
    ['with two places', { prompt: 'a', cwd: '.', work: { type: 'empty' } }, 'cwd and work are two places'],
    ['with a place that leads out', { prompt: 'a', work: { type: 'directory', name: '../x' } }, ':1: expected'],
    [
      'with a revision that is an option',
      { prompt: 'a', work: { type: 'worktree', repository: 'a', revision: '-x' } },
      ':1',
    ],
  ];
  test.each(wrong)('is refused %s', (_, line, why) => {
    expect(() => jobsOf([line])).toThrow(CommandError);
    expect(() => jobsOf([line])).toThrow(why);
  });

  test('is refused with one id twice', () => {
    expect(() =>
      jobsOf([
        { prompt: 'a', id: 'x' },
        { prompt: 'b', id: 'x' },
      ]),
    ).toThrow('the same id');
  });
});
