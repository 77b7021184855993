import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RolloutItem } from '../../../src/foundation/protocol/index.ts';
import type { TempDir } from '../../support/temp-dir.ts';

export const AT = '2026-11-25T10:00:00.000Z';
export const meta: RolloutItem = {
  type: 'session_meta',
  payload: { id: '01a20cee-41e3-7d69-b809-3f6bd217b403', timestamp: AT, cwd: '/home/ada/tide' },
};

export function said(text: string): RolloutItem[] {
  return [
    { type: 'event_msg', payload: { type: 'user_message', message: text } },
    { type: 'response_item', payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } },
  ];
}

export function answered(text: string): RolloutItem {
  return {
    type: 'response_item',
    payload: { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] },
  };
}

export function turn(id: string, ...lines: readonly RolloutItem[]): RolloutItem[] {
  return [
    { type: 'event_msg', payload: { type: 'task_started', turn_id: id } },
    ...lines,
    { type: 'event_msg', payload: { type: 'task_complete', turn_id: id, last_agent_message: null, error: null } },
  ];
}

/** A record made by hand. */
export function rolloutOf(dir: TempDir, items: readonly RolloutItem[]): string {
  const path = join(dir.path, 'rollout-2026-11-25T10-00-00-01a20cee-41e3-7d69-b809-3f6bd217b403.jsonl');
  const lines = items.map((item, ordinal) => `${JSON.stringify({ timestamp: AT, ordinal, ...item })}\n`);
  writeFileSync(path, lines.join(''));
  return path;
}
