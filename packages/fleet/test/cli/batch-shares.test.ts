import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BatchJob } from '../../src/cli/batch-file.ts';
import { type BatchLimits, engineLimits, ShareUse, sharesOf, withProviders } from '../../src/cli/batch-shares.ts';
import type { Work } from '../../src/cli/work.ts';

const LIMITS: BatchLimits = {
  ...{ concurrency: 8, perProvider: 4, perDirectory: 1, perRepository: 2 },
  ...{ maxTokens: 100, maxTokensPerProvider: 50, maxTokensPerRepository: 10 },
};
const job = (work: Work, provider: string | null = null): BatchJob => ({
  ...{ threadId: 't', prompt: 'p', overrides: [], work, provider },
});
const shares = (work: Work, provider: string | null = null) => sharesOf(job(work, provider), '/home', LIMITS);
const clone = { type: 'clone', url: 'https://git.example.com/a' } as const;

describe('the shares of a turn', () => {
  test.each([
    [clone, 'repository:https://git.example.com/a', 2],
    [{ type: 'worktree', repository: 'app' } as const, 'repository:app', 2],
    [{ type: 'directory', name: 'shared' } as const, 'directory:shared', 1],
    [{ type: 'here', cwd: '/src/app' } as const, 'directory:/src/app', 1],
  ])('are in the batch, its provider and its place: %j', (work, name, atOnce) => {
    expect(shares(work)).toMatchObject([
      { name: 'batch', atOnce: 8, maxTokens: 100 },
      { name: 'provider:/home', atOnce: 4, maxTokens: 50 },
      { name, atOnce, maxTokens: 10 },
    ]);
  });

  test('are in no place where it has one of its own', () => {
    expect(shares({ type: 'empty' }).map(({ name }) => name)).toEqual(['batch', 'provider:/home']);
  });

  test('are limited at the engine, but for that in the batch', () => {
    expect(engineLimits(shares(clone, 'other'))).toEqual([
      { name: 'provider:/home:other', max: 4 },
      { name: 'repository:https://git.example.com/a', max: 2 },
    ]);
  });

  test('of a provider are no more than the whole batch', () => {
    const [, provider] = sharesOf(job(clone), '/home', { ...LIMITS, concurrency: 3 });
    expect(provider?.atOnce).toBe(3);
  });
});

describe('a line that names no provider', () => {
  const named = async (settings: string, overrides: readonly string[] = []) => {
    const home = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
    try {
      writeFileSync(join(home, 'config.toml'), settings);
      const env = { HOME: home, OPENAI_API_KEY: 'test' };
      const lines = [{ ...job(clone), overrides }, job({ type: 'here', cwd: home }, 'mine')];
      return (await withProviders(lines, home, env)).map(({ provider }) => provider);
    } finally {
      rmSync(home, { recursive: true });
    }
  };
  const mine = '[model_providers.mine]\nname = "m"\nbase_url = "http://127.0.0.1:9"\n';

  test.each([
    ['of the settings', `model_provider = "mine"\n${mine}`, [], 'mine'],
    ['of -c', mine, ['model_provider="mine"'], 'mine'],
    ['that counts where nothing names one', '', [], 'openai'],
  ])('has a share in the one %s', async (_, settings, overrides, provider) => {
    expect(await named(settings, overrides)).toEqual([provider, 'mine']);
  });

  test('has a share of its home where the settings can’t be read', async () => {
    expect(await named('model_provider = "none"')).toEqual([null, 'mine']);
  });
});

describe('what turns use of their shares', () => {
  test('is given back with the turn, but for its tokens', () => {
    const use = new ShareUse();
    const own = shares({ type: 'here', cwd: '/a' });
    use.begin(own);
    expect(use.hasRoom(own)).toBe(false);
    expect(use.hasRoom(shares({ type: 'here', cwd: '/b' }))).toBe(true);
    use.end(own, 9);
    expect([use.hasRoom(own), use.spent(own)]).toEqual([true, null]);
    use.begin(own);
    use.end(own, 1);
    expect(use.spent(own)).toMatchObject({ about: '/a' });
    expect(use.spent(shares({ type: 'here', cwd: '/b' }))).toBeNull();
  });

  test('never has more at once than any share allows, nor a turn that starts behind a used-up budget', () => {
    const works: readonly Work[] = [clone, { type: 'here', cwd: '/a' }, { type: 'worktree', repository: 'app' }];
    const step = fc.record({
      work: fc.nat(2),
      provider: fc.constantFrom(null, 'x', 'y'),
      tokens: fc.nat(20),
      end: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const use = new ShareUse();
        const running: (readonly [ReturnType<typeof shares>, number])[] = [];
        const tokens = new Map<string, number>();
        for (const { work, provider, tokens: cost, end } of steps) {
          const own = shares(works[work] ?? clone, provider);
          if (use.hasRoom(own) && use.spent(own) === null) {
            for (const { name, maxTokens } of own) expect(tokens.get(name) ?? 0).toBeLessThan(maxTokens ?? Number.NaN);
            use.begin(own);
            running.push([own, cost]);
          }
          for (const { name, atOnce } of own) {
            const count = running.filter(([all]) => all.some((share) => share.name === name)).length;
            expect(count).toBeLessThanOrEqual(atOnce);
          }
          const [ended] = end < running.length ? running.splice(end, 1) : [];
          if (ended === undefined) continue;
          use.end(...ended);
          for (const { name } of ended[0]) tokens.set(name, (tokens.get(name) ?? 0) + ended[1]);
        }
      }),
    );
  });
});
