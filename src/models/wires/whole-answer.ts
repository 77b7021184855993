import { asObject, type JsonObject, objectField, stringField } from '../json/index.ts';

/**
 * A server that does not stream answers with one JSON object. Its parts as the events that the same answer would have been
 * streamed in, each as JSON; null for what isn't an answer of any API.
 */
export function eventsOfWhole(answer: JsonObject): readonly string[] | null {
  const events = wholeEvents(answer);
  return events === null ? null : events.map((event) => JSON.stringify(event));
}

function wholeEvents(answer: JsonObject): readonly object[] | null {
  if (Array.isArray(answer['choices'])) return [answer];
  if (answer['object'] === 'response') return responseEvents(answer);
  if (answer['type'] === 'message' && Array.isArray(answer['content'])) return messageEvents(answer, answer['content']);
  return null;
}

/** The Responses API. */
function responseEvents(response: JsonObject): readonly object[] {
  const output = Array.isArray(response['output']) ? response['output'] : [];
  const items = output.map((item) => ({ type: 'response.output_item.done', item }));
  const status = stringField(response, 'status') ?? 'completed';
  return [
    { type: 'response.created', response: {} },
    ...items,
    { type: `response.${status}`, response: { ...response, output: [] } },
  ];
}

/** The Messages API. */
function messageEvents(message: JsonObject, content: readonly unknown[]): readonly object[] {
  const blocks = content.flatMap((block, index) =>
    asObject(block) === null
      ? []
      : [
          { type: 'content_block_start', index, content_block: block },
          { type: 'content_block_stop', index },
        ],
  );
  const { stop_reason, stop_details } = message;
  return [
    { type: 'message_start', message: { ...message, content: [] } },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason, stop_details }, usage: objectField(message, 'usage') ?? {} },
    { type: 'message_stop' },
  ];
}
