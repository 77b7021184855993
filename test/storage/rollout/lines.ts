import type { ResponseItem, RolloutItem, TokenUsage } from '../../../src/foundation/protocol/index.ts';

export const THREAD = '0199a213-81c0-7800-8aa1-bbab2a035a53';

/** Short ways to write rollout lines down. */
export const meta = (more: object = {}): RolloutItem => ({
  type: 'session_meta',
  payload: { id: THREAD, timestamp: '2026-01-02T03:04:05.000Z', cwd: '/w', model_provider: 'openai', ...more },
});

export const message = (role: string, text: string): ResponseItem => ({
  type: 'message',
  role,
  content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }],
});

export const item = (payload: ResponseItem, of?: { turn: string; step: string }): RolloutItem => ({
  type: 'response_item',
  payload,
  ...of,
});

export const event = (type: string, more: object = {}): RolloutItem => ({
  type: 'event_msg',
  payload: { type, ...more },
});

export const step = (
  turn: string,
  id: string,
  state: 'begin' | 'end',
  more: { kind?: 'sampling' | 'tool' | 'input'; value?: unknown } = {},
): RolloutItem => ({ type: 'step', payload: { turn, id, kind: 'sampling', state, version: 1, ...more } });

export const usage = (total: number): TokenUsage => ({
  input_tokens: total,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: total,
});

export const tokenCount = (total: number): RolloutItem =>
  event('token_count', {
    info: { total_token_usage: usage(total), last_token_usage: usage(total), model_context_window: 100 },
    rate_limits: null,
  });

/** The lines as a file holds them. */
export function fileText(lines: readonly RolloutItem[]): string {
  return lines
    .map((line, ordinal) => `${JSON.stringify({ timestamp: '2026-01-02T03:04:05.000Z', ordinal, ...line })}\n`)
    .join('');
}
