import { expect, test } from 'vitest';
import { statusLineOf } from '../../../src/surfaces/tui/status-parts.ts';
import { statusInput } from '../../../src/surfaces/tui/view/status-input.ts';
import { Driver } from './driver.ts';

const tokens = {
  input_tokens: 1_200,
  cached_input_tokens: 1_000,
  output_tokens: 34,
  reasoning_output_tokens: 0,
  total_tokens: 1_234,
};
const used = { total_token_usage: tokens, last_token_usage: tokens, model_context_window: 112_000 };

test('17.11: tui.status_line lists the parts of the last row, and an unknown one is reported', () => {
  const { statusLine, faults } = statusLineOf({ type: 'parts', parts: ['tokens', 'model', 'weather', 'mode'] });
  expect(faults).toEqual([expect.stringContaining('there is no part "weather"')]);
  const driver = Driver.ready(80, 24, { statusLine });
  driver.event({ type: 'usage.updated', turnId: 't1', info: used, rateLimits: null });
  expect(driver.live().at(-1)).toBe('  1,234 tokens · gpt-5-codex · auto');
});

test('17.11: a command is given what status line scripts of Claude Code read, and its line is shown without control bytes', () => {
  const driver = Driver.ready(80, 24, { statusLine: { type: 'command', command: 'line' } });
  expect(driver.live().at(-1)).toContain('auto');
  driver.event({ type: 'usage.updated', turnId: 't1', info: used, rateLimits: null, costUsd: null });
  expect(statusInput(driver.state)).toEqual({
    hook_event_name: 'Status',
    session_id: 'thread-1',
    transcript_path: '/rollout',
    cwd: '/home/ada/app',
    model: { id: 'gpt-5-codex', display_name: 'gpt-5-codex' },
    workspace: { current_dir: '/home/ada/app', project_dir: '/home/ada/app' },
    version: '0.0.0',
    output_style: { name: 'default' },
    cost: {},
    context_window: {
      total_input_tokens: 1_200,
      total_output_tokens: 34,
      context_window_size: 112_000,
      used_percentage: 0,
      remaining_percentage: 100,
      current_usage: {
        input_tokens: 200,
        output_tokens: 34,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 1_000,
      },
    },
    exceeds_200k_tokens: false,
  });
  driver.send({ type: 'statusLineRead', text: '\u001b[32mmain\u001b[0m \u001b[2J\u0007done' });
  expect(driver.live().at(-1)).toMatch(/^ {2}main .*done$/);
  expect(driver.live().at(-1)).not.toMatch(/[\u0000-\u001f]/);
});
