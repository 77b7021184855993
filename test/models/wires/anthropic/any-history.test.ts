import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConversationHistory } from '../../../../src/context/history/index.ts';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { expectTaken } from '../../../support/messages-rules.ts';
import { bodiesFor, origin } from './support.ts';

const text = fc.constantFrom('', ' \n', 'said', 'é\ud83c');
const callId = fc.constantFrom('c', 'd', 'functions.x:0', 'functions/x:0', '', 'c_2');
/** None, another API's, or the marks of two responses of this one. */
const itemId = fc.constantFrom(undefined, 'fc_0_1', 'fc_0123456789ab-0', 'msg_0123456789ab-1', 'rs_ba9876543210-0');
const field = fc.constantFrom('thinking', 'redacted_thinking', 'reasoning', undefined);

const item: fc.Arbitrary<ResponseItem> = fc.oneof(
  fc.record({ role: fc.constantFrom('user', 'assistant', 'developer'), text, id: itemId }).map(
    (one): ResponseItem => ({
      type: 'message',
      id: one.id,
      role: one.role,
      content: [{ type: one.role === 'assistant' ? 'output_text' : 'input_text', text: one.text }],
    }),
  ),
  fc.record({ text, id: itemId, field, blob: fc.constantFrom(null, 'signed'), isOwn: fc.boolean() }).map(
    (one): ResponseItem => ({
      type: 'reasoning',
      id: one.id,
      summary: one.text === '' ? [] : [{ type: 'summary_text', text: one.text }],
      encrypted_content: one.blob,
      origin: { ...origin, model: one.isOwn ? origin.model : 'other', ...(one.field ? { field: one.field } : {}) },
    }),
  ),
  fc.record({ callId, id: itemId, args: fc.constantFrom('', '{}', '{"a":1}', '{"a"', '7') }).map(
    (one): ResponseItem => ({
      type: 'function_call',
      id: one.id,
      name: 'server.tool',
      arguments: one.args,
      call_id: one.callId,
    }),
  ),
  fc
    .record({ callId, id: itemId })
    .map((one): ResponseItem => ({ type: 'custom_tool_call', id: one.id, name: 'p', input: 'x', call_id: one.callId })),
  fc
    .record({ callId, text })
    .map((one): ResponseItem => ({ type: 'function_call_output', call_id: one.callId, output: one.text })),
  fc.record({ callId, text }).map(
    (one): ResponseItem => ({
      type: 'function_call_output',
      call_id: one.callId,
      output: [{ type: 'input_text', text: one.text }],
    }),
  ),
  fc
    .record({ callId, text })
    .map((one): ResponseItem => ({ type: 'custom_tool_call_output', call_id: one.callId, output: one.text })),
);

test('whatever a history holds, nothing goes out that the API refuses, and the same history is always written the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 14 }), async (items) => {
      const history = new ConversationHistory();
      const inputs = items.map((one) => {
        history.record([one]);
        return history.forPrompt();
      });
      const { bodies } = await bodiesFor([items, ...inputs]);
      for (const body of bodies) expectTaken(JSON.parse(body));
      expect(await bodiesFor([items])).toMatchObject({ bodies: [bodies[0]] });
    }),
    { numRuns: Number(process.env['KEEL_RUNS'] ?? 100) },
  );
}, 90_000);
