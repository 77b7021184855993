/** The day of the collection of the makers' price lists that the rows below come from. */
export const LIST_PRICES_AS_OF = '2026-10-07';

/** US dollars for a million tokens: input, input that was cached (null: as other input), output, input written to the cache. */
type Row = readonly [input: number, cachedInput: number | null, output: number, cacheWrite?: number];

export interface PriceList {
  /** Hosts of base URLs whose bill follows the list; also their subdomains. */
  readonly hosts: readonly string[];
  readonly rows: Readonly<Record<string, Row>>;
}

/** OpenRouter charges what the maker does. */
const RESELLERS = ['openrouter.ai'];

/**
 * List prices by model. A dated name (`gpt-5-2025-08-07`) has the price of the name without its date; no row serves a longer
 * name, since a successor costs something else. Models whose price depends on the length of the prompt are left out, so that
 * their cost is unknown and never wrong.
 */
export const PRICE_LISTS: readonly PriceList[] = [
  {
    hosts: ['api.openai.com', 'chatgpt.com', 'openai.azure.com', ...RESELLERS],
    rows: {
      'gpt-5.6-sol': [5, 0.5, 30, 6.25],
      'gpt-5.5': [5, 0.5, 30],
      'gpt-5.4': [2.5, 0.25, 15],
      'gpt-5.4-mini': [0.75, 0.075, 4.5],
      'gpt-5.4-nano': [0.2, 0.02, 1.25],
      'gpt-5.4-pro': [30, null, 180],
      'gpt-5.3-codex': [1.75, 0.175, 14],
      'gpt-5.2': [1.75, 0.175, 14],
      'gpt-5.2-codex': [1.75, 0.175, 14],
      'gpt-5.2-pro': [21, null, 168],
      'gpt-5.1': [1.25, 0.125, 10],
      'gpt-5.1-codex': [1.25, 0.125, 10],
      'gpt-5.1-codex-max': [1.25, 0.125, 10],
      'gpt-5.1-codex-mini': [0.25, 0.025, 2],
      'gpt-5': [1.25, 0.125, 10],
      'gpt-5-codex': [1.25, 0.125, 10],
      'gpt-5-mini': [0.25, 0.025, 2],
      'gpt-5-nano': [0.05, 0.005, 0.4],
      'gpt-5-pro': [15, null, 120],
      'codex-mini-latest': [1.5, 0.375, 6],
      o3: [2, 0.5, 8],
      'o3-mini': [1.1, 0.55, 4.4],
      'o4-mini': [1.1, 0.275, 4.4],
      'gpt-4.1': [2, 0.5, 8],
      'gpt-4.1-mini': [0.4, 0.1, 1.6],
      'gpt-4.1-nano': [0.1, 0.025, 0.4],
      'gpt-4o': [2.5, 1.25, 10],
      'gpt-4o-2024-05-13': [5, null, 15],
      'gpt-4o-mini': [0.15, 0.075, 0.6],
    },
  },
  {
    hosts: ['api.anthropic.com', ...RESELLERS],
    rows: {
      'claude-opus-5-5': [4, 0.2, 20, 5],
      'claude-sonnet-5-5': [2, 0.1, 10, 2.5],
      'claude-fable-5-1': [10, 0.25, 50, 12.5],
      'claude-mythos-5-1': [10, 0.25, 50, 12.5],
      'claude-opus-5': [5, 0.5, 25, 6.25],
      'claude-sonnet-5': [2, 0.2, 10, 2.5],
      'claude-fable-5': [10, 1, 50, 12.5],
      'claude-mythos-5': [10, 1, 50, 12.5],
      'claude-opus-4-8': [5, 0.5, 25, 6.25],
      'claude-opus-4-7': [5, 0.5, 25, 6.25],
      'claude-opus-4-6': [5, 0.5, 25, 6.25],
      'claude-opus-4-5': [5, 0.5, 25, 6.25],
      'claude-opus-4-1': [15, 1.5, 75, 18.75],
      'claude-opus-4': [15, 1.5, 75, 18.75],
      'claude-sonnet-4-6': [3, 0.3, 15, 3.75],
      'claude-sonnet-4-5': [3, 0.3, 15, 3.75],
      'claude-sonnet-4': [3, 0.3, 15, 3.75],
      'claude-3-7-sonnet': [3, 0.3, 15, 3.75],
      'claude-haiku-4-5': [1, 0.1, 5, 1.25],
      'claude-3-5-haiku': [0.8, 0.08, 4, 1],
    },
  },
  {
    hosts: ['generativelanguage.googleapis.com', ...RESELLERS],
    rows: { 'gemini-2.5-flash': [0.3, 0.03, 2.5], 'gemini-2.5-flash-lite': [0.1, 0.01, 0.4] },
  },
  {
    hosts: ['api.deepseek.com'],
    rows: { 'deepseek-chat': [0.28, 0.028, 0.42], 'deepseek-reasoner': [0.28, 0.028, 0.42] },
  },
  { hosts: ['api.moonshot.ai', ...RESELLERS], rows: { 'kimi-k3': [3, 0.3, 15] } },
  { hosts: ['api.mistral.ai'], rows: { 'mistral-large-latest': [0.5, null, 1.5] } },
];
