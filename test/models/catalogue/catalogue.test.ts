import { describe, expect, test } from 'vitest';
import { modelInfo } from '../../../src/models/catalogue/index.ts';

describe('the catalogue of models', () => {
  test.each([
    ['gpt-5-codex', 'gpt-codex', 'short', 'shell', 'freeform', 272_000],
    ['codex-next', 'gpt-codex', 'short', 'shell', 'freeform', 272_000],
    ['gpt-5.1-codex-max', 'gpt-codex-string', 'short', 'shell', 'freeform', 272_000],
    ['codex-mini-latest', 'codex-mini', 'short', 'shell', 'function', 200_000],
    ['gpt-5', 'gpt-5', 'general', 'session', 'freeform', 272_000],
    ['gpt-5-mini-2025-08-07', 'gpt-5', 'general', 'session', 'freeform', 272_000],
    ['gpt-5.2', 'gpt-5.x', 'general', 'session', 'freeform', 272_000],
    ['o3-2025-04-16', 'o-series', 'general', 'session', 'function', 200_000],
    ['gpt-4.1-mini', 'gpt-4.1', 'general', 'session', 'function', 1_047_576],
    ['gpt-oss:20b', 'gpt-oss', 'general', 'shell', 'function', 96_000],
    ['openai/gpt-oss-120b', 'gpt-oss', 'general', 'shell', 'function', 96_000],
    ['anthropic/claude-sonnet-4.5', 'claude-4.5', 'general', 'session', 'editFile', 200_000],
    ['claude-opus-4-5-20251101', 'claude-4.5', 'general', 'session', 'editFile', 200_000],
    ['claude-opus-4-1-20250805', 'claude-4', 'general', 'session', 'editFile', 200_000],
    ['claude-opus-4-7', 'claude-1m', 'general', 'session', 'editFile', 1_000_000],
    ['claude-haiku-4-5', 'claude-4.5', 'general', 'session', 'editFile', 200_000],
    ['claude-3-5-haiku-20241022', 'claude-3', 'general', 'session', 'editFile', 200_000],
    ['claude-3-7-sonnet-20250219', 'claude-4', 'general', 'session', 'editFile', 200_000],
    ['claude-next', 'claude', 'general', 'session', 'editFile', 200_000],
    ['gemini-2.5-pro', 'gemini', 'general', 'session', 'function', 1_048_576],
    ['Qwen/Qwen3-Coder-30B', 'qwen-coder', 'general', 'lean', 'editFile', 256_000],
    ['glm-4.6', 'glm', 'general', 'lean', 'editFile', 128_000],
  ])('%s is of family %s', (slug, family, baseText, toolSet, patchForm, contextWindow) => {
    expect(modelInfo(slug)).toMatchObject({ slug, family, known: true, baseText, toolSet, patchForm, contextWindow });
  });

  test('the longest prefix wins, not the first row', () => {
    expect(modelInfo('gpt-4o-2024-05-13').maxOutputTokens).toBe(4_096);
    expect(modelInfo('gpt-4o-2024-11-20').maxOutputTokens).toBe(16_384);
  });

  test('an unknown model says so, and gets the cautious defaults', () => {
    expect(modelInfo('mystery-1')).toEqual({
      slug: 'mystery-1',
      efforts: null,
      family: 'unknown',
      known: false,
      baseText: 'general',
      addendum: null,
      toolSet: 'session',
      shellTool: 'shell',
      patchForm: 'function',
      supportsReasoning: false,
      thinking: null,
      supportsTools: true,
      supportsParallelToolCalls: false,
      supportsVerbosity: false,
      supportsImages: true,
      contextWindow: 272_000,
      effectiveContextWindow: 258_400,
      autoCompactTokenLimit: 244_800,
      maxOutputTokens: null,
      cacheMinutes: 10,
    });
  });

  test('a configured window moves the usable window and the compaction limit', () => {
    expect(modelInfo('gpt-5', { contextWindow: 100_000 })).toMatchObject({
      contextWindow: 100_000,
      effectiveContextWindow: 95_000,
      autoCompactTokenLimit: 90_000,
    });
  });

  test('a compaction limit below 90 % of the window is taken, one above is clamped', () => {
    expect(modelInfo('gpt-5', { autoCompactTokenLimit: 50_000 }).autoCompactTokenLimit).toBe(50_000);
    expect(modelInfo('gpt-5', { autoCompactTokenLimit: 900_000 }).autoCompactTokenLimit).toBe(244_800);
  });

  test('the other overrides win over the family, and null overrides nothing', () => {
    const overrides = { supportsReasoningSummaries: true, toolSet: 'reader', maxOutputTokens: 7 } as const;
    const nothing = { supportsReasoningSummaries: null, toolSet: null, maxOutputTokens: null, contextWindow: null };

    expect(modelInfo('gpt-4.1', overrides)).toMatchObject({
      supportsReasoning: true,
      toolSet: 'reader',
      maxOutputTokens: 7,
    });
    expect(modelInfo('gpt-4.1', nothing)).toEqual(modelInfo('gpt-4.1'));
  });
});
