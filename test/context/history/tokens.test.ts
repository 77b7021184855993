import { describe, expect, test } from 'vitest';
import { ConversationHistory, estimateTokens } from '../../../src/context/history/index.ts';
import type { ResponseItem, TokenUsage } from '../../../src/foundation/protocol/index.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';
import { assistant, functionCall, functionOutput, snapshot, user } from './items.ts';

const nothing: TokenUsage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: 0,
};

const usage = (input: number, output: number, thought = 0): TokenUsage => ({
  input_tokens: input,
  cached_input_tokens: 0,
  output_tokens: output,
  reasoning_output_tokens: thought,
  total_tokens: input + output,
});

test('no usage yet gives no token info', () => {
  const history = new ConversationHistory();
  history.updateTokenInfo(null, 1_000);
  expect(history.tokenInfo).toBeNull();
});

test('totals add up, the last response and the window are the newest', () => {
  const history = new ConversationHistory();
  history.updateTokenInfo(usage(100, 10, 5), 1_000);
  history.updateTokenInfo(usage(200, 20), 2_000);
  expect(history.tokenInfo).toEqual({
    total_token_usage: usage(300, 30, 5),
    last_token_usage: usage(200, 20),
    model_context_window: 2_000,
  });
});

test('a response without usage changes no total', () => {
  const history = new ConversationHistory();
  history.updateTokenInfo(usage(100, 10), 1_000);
  history.updateTokenInfo(null, 1_000);
  expect(history.tokenInfo?.total_token_usage).toEqual(usage(100, 10));
});

test('M56: setFull without info before makes totals and last equal the window', () => {
  const history = new ConversationHistory();
  history.setFull(1_000);
  expect(history.tokenInfo).toEqual({
    total_token_usage: { ...nothing, total_tokens: 1_000 },
    last_token_usage: { ...nothing, total_tokens: 1_000 },
    model_context_window: 1_000,
  });
});

test.each([
  [300, 700],
  [4_000, 0],
])('M56: setFull after %i tokens makes the last %i, never negative', (before, last) => {
  const history = new ConversationHistory();
  history.updateTokenInfo(usage(before, 0), 1_000);
  history.setFull(1_000);
  expect(history.tokenInfo?.total_token_usage.total_tokens).toBe(1_000);
  expect(history.tokenInfo?.last_token_usage.total_tokens).toBe(last);
});

test('R16: the size of the context is the last count plus an estimate of what came since', () => {
  const history = new ConversationHistory();
  history.record([user('hello'), functionCall('a')]);
  history.updateTokenInfo(usage(5_000, 300, 200), 100_000);
  expect(history.contextTokens).toBe(5_100);
  history.record([functionOutput('a', 'x'.repeat(8_000))]);
  expect(history.contextTokens).toBeGreaterThan(7_000);
  expect(history.contextTokens).toBeLessThan(7_200);
});

test('an image counts by what it shows, not by the size of its file; a snapshot counts nothing', () => {
  const history = new ConversationHistory();
  history.record([
    { type: 'message', role: 'user', content: [{ type: 'input_image', image_url: 'A'.repeat(4_000_000) }] },
    snapshot('abc'),
  ]);
  expect(history.contextTokens).toBeLessThan(2_000);
});

test('a replaced history is estimated again', () => {
  const history = new ConversationHistory();
  history.record([user('x'.repeat(40_000))]);
  history.updateTokenInfo(usage(90_000, 0), 100_000);
  history.replace([assistant('short')]);
  expect(history.contextTokens).toBeLessThan(100);
});

test('restored token info is the measure of the items that were rebuilt', () => {
  const history = new ConversationHistory();
  history.record([user('x'.repeat(40_000))]);
  history.restoreTokenInfo({ total_token_usage: usage(900, 0), last_token_usage: usage(700, 0) });
  expect(history.contextTokens).toBe(700);
  expect(history.tokenInfo?.total_token_usage.total_tokens).toBe(900);
});

test('L11: totals that are reported again with new rate limits measure nothing: what came since the response still counts', () => {
  const live = new ConversationHistory();
  live.updateTokenInfo(usage(1_000, 0), 100_000);
  live.record([functionCall('a'), functionOutput('a', 'x'.repeat(8_000))]);
  const info = live.tokenInfo;
  const rebuilt = new ConversationHistory();
  rebuilt.restoreTokenInfo(info);
  rebuilt.record([functionCall('a'), functionOutput('a', 'x'.repeat(8_000))]);
  rebuilt.restoreTokenInfo(info);
  expect(rebuilt.contextTokens).toBe(live.contextTokens);
});

test('L11: what children used fills nothing of the window, live or rebuilt', () => {
  const live = new ConversationHistory();
  live.record([user('x'.repeat(4_000))]);
  const rebuilt = live.clone();
  live.addChildUsage(usage(50_000, 0), 100_000);
  rebuilt.restoreTokenInfo(live.tokenInfo);
  expect(rebuilt.contextTokens).toBe(live.contextTokens);
});

test('M56: a window that was found full is full when the thread is resumed', () => {
  const live = new ConversationHistory();
  live.updateTokenInfo(usage(90_000, 0), 100_000);
  live.setFull(100_000);
  const rebuilt = new ConversationHistory();
  rebuilt.restoreTokenInfo(live.tokenInfo);
  expect([live.contextTokens, rebuilt.contextTokens]).toEqual([100_000, 100_000]);
});

test('what a provider never counts is estimated once: a thread of thousands of steps costs no more at its end', () => {
  const history = new ConversationHistory();
  const work = () => {
    for (let step = 0; step < 3_000; step += 1) {
      history.record([functionCall(`c${step}`), functionOutput(`c${step}`, 'x'.repeat(2_000))]);
      history.updateTokenInfo(null, 1_000);
      expect(history.contextTokens).toBeGreaterThan(step * 500);
    }
  };
  expect(cpuSeconds(work)).toBeLessThan(5);
  const note = 'left out';
  history.prune([{ call_id: 'c1', nth: 0, output: note }]);
  const anew = new ConversationHistory();
  anew.record(history.items);
  expect(history.contextTokens).toBe(anew.contextTokens);
  expect(history.clone().contextTokens).toBe(anew.contextTokens);
});

describe('what an item takes in the window', () => {
  const text = 'a few words and an ä';
  const words = user(text);
  const answer = { type: 'function_call_output', call_id: 'c', output: text } as const;

  test.each<[string, ResponseItem]>([
    ['a message', words],
    ['a call', { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}', call_id: 'c' }],
    ['an output', answer],
    ['thoughts', { type: 'reasoning', summary: [{ type: 'summary_text', text }] }],
  ])('is a quarter of the bytes of its JSON: %s', (_, item) => {
    expect(estimateTokens(item)).toBe(Math.ceil(Buffer.byteLength(JSON.stringify(item)) / 4));
  });

  test('is a fixed number for a picture, however large its file is, in a message and in an output', () => {
    const picture = (bytes: number) => ({ type: 'input_image', image_url: `data:${'x'.repeat(bytes)}` }) as const;
    const said = (bytes: number): ResponseItem => ({ type: 'message', role: 'user', content: [picture(bytes)] });
    const shown = (bytes: number): ResponseItem => ({ ...answer, output: [picture(bytes)] });
    for (const made of [said, shown]) {
      expect(estimateTokens(made(100_000))).toBe(estimateTokens(made(10)));
      expect(estimateTokens(made(10))).toBeGreaterThan(1_000);
    }
  });

  test('is nothing for what keel keeps beside an output for itself', () => {
    const facts = { outcome: 'done', changed: Array.from({ length: 50 }, (_, at) => `M src/file-${at}.ts`) } as const;
    expect(estimateTokens({ ...answer, facts })).toBe(estimateTokens(answer));
    const parts = { ...answer, output: [{ type: 'input_text' as const, text }] };
    expect(estimateTokens({ ...parts, facts })).toBe(estimateTokens(parts));
  });
});
