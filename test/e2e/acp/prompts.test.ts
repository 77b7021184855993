import { describe, expect, test } from 'vitest';
import { message, respond, usage } from '../../../src/testing/index.ts';
import { AcpPlace, ask } from './place.ts';

const place = AcpPlace.perTest();

describe('keel acp: prompts', () => {
  test('a message is streamed under one id, and the prompt ends behind it', async () => {
    const answer = message('Hello there.', { deltas: ['Hello ', 'there.'] });
    await using editor = await place.connect([respond(answer, usage({ input: 5, output: 2 }))]);
    const sessionId = await place.open(editor);
    expect(await ask(editor, sessionId, 'hi')).toEqual({ stopReason: 'end_turn' });
    const chunks = editor.updates.filter((update) => update.sessionUpdate === 'agent_message_chunk');
    expect(chunks.map(({ content }) => content)).toEqual([
      { type: 'text', text: 'Hello ' },
      { type: 'text', text: 'there.' },
    ]);
    expect(new Set(chunks.map(({ messageId }) => messageId)).size).toBe(1);
    expect(chunks[0]?.messageId).toMatch(/./);
    expect(editor.updates).toContainEqual(expect.objectContaining({ sessionUpdate: 'usage_update', used: 7 }));
  });
});
