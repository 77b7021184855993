import { expect, test } from 'vitest';
import { costOf, knownPrices, priceOf } from '../../../src/models/catalogue/index.ts';

const anthropic = knownPrices({ baseUrl: 'https://api.anthropic.com' }, {});
const usage = {
  input_tokens: 1_000_000,
  cached_input_tokens: 500_000,
  output_tokens: 100_000,
  reasoning_output_tokens: 0,
  total_tokens: 1_100_000,
};

test('each kind of token has its price: fresh, from the cache, to the cache, output', () => {
  const model = 'claude-sonnet-4-5-20250929';
  expect(costOf({ usage, model }, anthropic)).toBeCloseTo(1.5 + 0.15 + 1.5);
  expect(costOf({ usage, model, cacheWritten: 400_000 }, anthropic)).toBeCloseTo(0.3 + 1.5 + 0.15 + 1.5);
  expect(costOf({ usage: null, model }, anthropic)).toBeNull();
});

test('a name has the price of its model with a date or a path, and never that of a longer or shorter name', () => {
  const router = knownPrices({ baseUrl: 'https://openrouter.ai/api/v1' }, {});
  expect(priceOf('anthropic/claude-sonnet-4.5', router)?.output).toBe(15);
  expect(priceOf('openai/gpt-5-mini', router)?.output).toBe(2);
  const openai = knownPrices({ baseUrl: 'https://eu.api.openai.com/v1' }, {});
  expect(priceOf('gpt-5-2025-08-07', openai)?.input).toBe(1.25);
  expect(priceOf('gpt-5-something', openai)).toBeNull();
  expect(priceOf('toString', openai)).toBeNull();
});

test('a server of unknown owner has the prices that the user gives, which win everywhere', () => {
  const own = { 'gpt-5': { input: 7, cachedInput: null, output: 7, cacheWrite: null } };
  expect(priceOf('gpt-5', knownPrices({ baseUrl: 'http://127.0.0.1:1/v1' }, {}))).toBeNull();
  expect(priceOf('gpt-5', knownPrices({ baseUrl: 'https://api.openai.com/v1' }, own))?.input).toBe(7);
});
