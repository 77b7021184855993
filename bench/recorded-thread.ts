import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ITEMS_A_TURN = 4;
export const THREAD = '01a20cee-41e3-7d69-b809-3f6bd217b403';

/** Writes a thread of turns with a call each, until it has that many items or bytes; returns its path. */
export function longThread(size: { readonly textBytes: number; readonly items?: number; readonly bytes?: number }) {
  const { textBytes, items = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = size;
  const text = 'lorem ipsum '.repeat(textBytes / 12);
  return (home: string): string => {
    const path = join(home, `sessions/2026/11/24/rollout-2026-11-24T09-00-00-${THREAD}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    const stamp = '2026-11-24T09:00:00.000Z';
    const line = (type: string, payload: unknown) => `${JSON.stringify({ timestamp: stamp, type, payload })}\n`;
    const lines = [line('session_meta', { id: THREAD, timestamp: stamp, cwd: home, model_provider: 'openai' })];
    let written = 0;
    for (let turn = 0; turn * ITEMS_A_TURN < items && written < bytes; turn += 1) {
      const added = turnLines(turn, text, line);
      written += added.reduce((sum, entry) => sum + entry.length, 0);
      lines.push(...added);
    }
    writeFileSync(path, lines.join(''));
    return path;
  };
}

function turnLines(turn: number, text: string, line: (type: string, payload: unknown) => string): string[] {
  const call_id = `call_${turn}`;
  const call = { type: 'function_call', name: 'shell', arguments: '{"command":["true"]}', call_id };
  return [
    line('event_msg', { type: 'task_started', turn_id: `turn-${turn}` }),
    line('event_msg', { type: 'user_message', message: text }),
    line('response_item', { type: 'message', role: 'user', content: [{ type: 'input_text', text }] }),
    line('response_item', call),
    line('response_item', { type: 'function_call_output', call_id, output: text }),
    line('response_item', { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }),
    line('event_msg', { type: 'task_complete', turn_id: `turn-${turn}` }),
  ];
}
