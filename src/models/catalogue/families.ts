import type { ModelInfo } from './model-info.ts';

/** What a family says of its models, before the user's overrides. */
export type FamilyFacts = Omit<
  ModelInfo,
  'slug' | 'family' | 'known' | 'effectiveContextWindow' | 'autoCompactTokenLimit'
>;

/** One row of the table: slugs that start with one of `prefixes` (`*` matches any text) have these facts. */
export interface Family extends Partial<FamilyFacts> {
  readonly name: string;
  readonly prefixes: readonly string[];
}

/**
 * The facts where a family has no other, and all of it for an unknown model. The window is a guess: without one
 * there would be no compaction, and a long thread would end in an overflow for certain.
 */
export const DEFAULT_FACTS: FamilyFacts = {
  baseText: 'general',
  addendum: null,
  toolSet: 'session',
  shellTool: 'shell',
  patchForm: 'function',
  supportsReasoning: false,
  efforts: null,
  thinking: null,
  supportsTools: true,
  supportsParallelToolCalls: false,
  supportsVerbosity: false,
  supportsImages: true,
  contextWindow: 272_000,
  maxOutputTokens: null,
  // OpenAI documents 5 to 10 minutes, and longer at quiet times.
  cacheMinutes: 10,
};

const basicEfforts = ['low', 'medium', 'high'] as const;
const gpt5 = {
  supportsReasoning: true,
  efforts: ['minimal', ...basicEfforts],
  contextWindow: 272_000,
  maxOutputTokens: 128_000,
} as const;
/** `text.verbosity` is off: these models answer 400 to any but the default. */
const codingTuned = {
  ...gpt5,
  efforts: [...basicEfforts, 'xhigh'],
  baseText: 'short',
  toolSet: 'shell',
  patchForm: 'freeform',
} as const;
const oSeries = {
  supportsReasoning: true,
  efforts: basicEfforts,
  contextWindow: 200_000,
  maxOutputTokens: 100_000,
} as const;
/** `none` and `minimal` are other providers' words for the least. */
const claudeEfforts = ['none', 'minimal', ...basicEfforts, 'xhigh', 'max'] as const;
const claude = {
  addendum: 'claude',
  cacheMinutes: 5,
  efforts: claudeEfforts,
  thinking: 'adaptive',
  patchForm: 'editFile',
  supportsParallelToolCalls: true,
} as const;
const lean = { toolSet: 'lean', patchForm: 'editFile', supportsImages: false } as const;

/** When the rows below were last changed. */
export const FAMILIES_AS_OF = '2026-11-27';

/**
 * Every family keel knows. The longest matching prefix wins, so the order of rows has no meaning. Another tool set or
 * patch form for a row needs a measured run (pass rate and failed calls on the same tasks); note its date at the row.
 */
export const FAMILIES: readonly Family[] = [
  { name: 'gpt-codex', prefixes: ['gpt-*-codex', 'codex-'], ...codingTuned },
  {
    // Trained with one command string in place of an argument list.
    name: 'gpt-codex-string',
    prefixes: ['gpt-5.1-codex'],
    ...codingTuned,
    shellTool: 'shell_command',
  },
  {
    name: 'gpt-codex-parallel',
    prefixes: ['gpt-5.2-codex', 'gpt-5.3-codex', 'gpt-5.4-codex'],
    ...codingTuned,
    shellTool: 'shell_command',
    supportsParallelToolCalls: true,
  },
  {
    // A tuned o4-mini: it takes no grammars.
    name: 'codex-mini',
    prefixes: ['codex-mini-latest'],
    ...oSeries,
    baseText: 'short',
    toolSet: 'shell',
  },
  { name: 'gpt-5', prefixes: ['gpt-5'], ...gpt5, patchForm: 'freeform', supportsVerbosity: true },
  {
    name: 'gpt-5.x',
    prefixes: ['gpt-5.', 'gpt-6'],
    ...gpt5,
    efforts: ['none', 'minimal', ...basicEfforts, 'xhigh'],
    patchForm: 'freeform',
    supportsVerbosity: true,
    supportsParallelToolCalls: true,
  },
  { name: 'o-series', prefixes: ['o1', 'o3', 'o4'], ...oSeries },
  { name: 'gpt-4.1', prefixes: ['gpt-4.1'], contextWindow: 1_047_576, maxOutputTokens: 32_768 },
  { name: 'gpt-4o', prefixes: ['gpt-4o'], contextWindow: 128_000, maxOutputTokens: 16_384 },
  { name: 'gpt-4o-2024-05', prefixes: ['gpt-4o-2024-05-13'], contextWindow: 128_000, maxOutputTokens: 4_096 },
  { name: 'gpt-4', prefixes: ['gpt-4'], contextWindow: 128_000, maxOutputTokens: 4_096 },
  {
    name: 'gpt-3.5',
    prefixes: ['gpt-3.5'],
    contextWindow: 16_385,
    maxOutputTokens: 4_096,
    supportsImages: false,
  },
  {
    name: 'gpt-oss',
    prefixes: ['gpt-oss'],
    efforts: basicEfforts,
    toolSet: 'shell',
    supportsImages: false,
    contextWindow: 96_000,
    maxOutputTokens: 32_000,
  },
  // What is newer than this table thinks as the newest do; its window and output are no smaller.
  { name: 'claude', prefixes: ['claude'], ...claude, contextWindow: 200_000, maxOutputTokens: 64_000 },
  {
    name: 'claude-1m',
    prefixes: [
      ...['claude-opus-4-6', 'claude-opus-4-7', 'claude-opus-4-8', 'claude-sonnet-4-6'],
      ...['claude-opus-4.6', 'claude-opus-4.7', 'claude-opus-4.8', 'claude-sonnet-4.6'],
      ...['claude-opus-5', 'claude-sonnet-5', 'claude-haiku-5', 'claude-fable', 'claude-mythos'],
    ],
    ...claude,
    contextWindow: 1_000_000,
    maxOutputTokens: 128_000,
  },
  {
    name: 'claude-4.5',
    prefixes: ['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4', 'claude-opus-4.5', 'claude-sonnet-4.5'],
    ...claude,
    thinking: 'budget',
    contextWindow: 200_000,
    maxOutputTokens: 64_000,
  },
  {
    // Input and the room for the answer together have to fit these windows: the answer gets what compaction leaves.
    name: 'claude-4',
    prefixes: ['claude-opus-4', 'claude-sonnet-4', 'claude-4', 'claude-3-7', 'claude-3.7'],
    ...claude,
    thinking: 'budget',
    contextWindow: 200_000,
    maxOutputTokens: 20_000,
  },
  {
    name: 'claude-3',
    prefixes: ['claude-3'],
    ...claude,
    thinking: null,
    contextWindow: 200_000,
    maxOutputTokens: 8_192,
  },
  {
    name: 'gemini',
    prefixes: ['gemini'],
    supportsParallelToolCalls: true,
    contextWindow: 1_048_576,
    maxOutputTokens: 65_536,
  },
  { name: 'qwen', prefixes: ['qwen'], ...lean, contextWindow: 128_000 },
  { name: 'qwen-coder', prefixes: ['qwen3-coder'], ...lean, contextWindow: 256_000 },
  { name: 'glm', prefixes: ['glm-'], ...lean, contextWindow: 128_000 },
  { name: 'deepseek', prefixes: ['deepseek'], ...lean, cacheMinutes: 120, contextWindow: 128_000 },
  { name: 'kimi', prefixes: ['kimi'], ...lean, contextWindow: 128_000 },
  { name: 'mistral', prefixes: ['mistral', 'devstral', 'codestral'], ...lean, contextWindow: 128_000 },
  { name: 'llama', prefixes: ['llama'], ...lean, contextWindow: 128_000 },
  {
    // They have no tool calls, or do not talk at all.
    name: 'without tools',
    prefixes: [
      ...['gpt-3.5-turbo-instruct', 'o1-mini', 'o1-preview', 'davinci', 'babbage', 'gpt-image', 'dall-e', 'whisper'],
      ...['tts-', 'omni-moderation', 'text-embedding', '*-embedding', '*-embed-', 'mistral-embed', 'sora'],
    ],
    supportsTools: false,
    supportsImages: false,
    contextWindow: 16_385,
  },
];
