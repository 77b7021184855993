import { describe, expect, test } from 'vitest';
import type { ThreadItem, ThreadItemOf } from '../../../../src/foundation/protocol/index.ts';
import { wireItem } from '../../../../src/surfaces/app-server/notifications/wire-item.ts';
import { schemaFault } from '../../../support/app-server/schema.ts';

const command: ThreadItemOf<'commandExecution'> = {
  ...{
    type: 'commandExecution',
    id: 'c',
    command: 'ls',
    cwd: '/w',
    processId: null,
    source: 'agent',
    status: 'inProgress',
  },
  commandActions: [{ type: 'listFiles', command: 'ls', path: null }],
  ...{ aggregatedOutput: null, exitCode: null, durationMs: 1.5 },
};
const mcpCall: ThreadItemOf<'mcpToolCall'> = {
  ...{ type: 'mcpToolCall', id: 'm', server: 's', tool: 't', status: 'declined', arguments: undefined },
  ...{ result: { content: [{ type: 'text', text: 'x' }], structuredContent: null }, error: null, durationMs: null },
};
const toolCall: ThreadItemOf<'toolCall'> = {
  ...{ type: 'toolCall', id: 't', tool: 'read_file', status: 'failed', arguments: '{"path":"a"}', durationMs: 2.4 },
  reason: 'there is no such file',
};

/** One of each kind that the protocol has a form for. */
const shown: readonly ThreadItem[] = [
  {
    type: 'userMessage',
    id: 'u',
    content: [
      { type: 'text', text: 'x' },
      { type: 'image', url: 'data:' },
      { type: 'localImage', path: 'a.png' },
    ],
  },
  { type: 'agentMessage', id: 'a', text: 'x', interrupted: true },
  { type: 'reasoning', id: 'r', summary: ['x'], content: ['y'] },
  command,
  { ...command, status: 'interrupted', commandActions: [{ type: 'read', command: 'cat a', name: 'a', path: '/w/a' }] },
  {
    ...{ type: 'fileChange', id: 'f', status: 'interrupted' },
    changes: [
      { path: '/w/a', kind: { type: 'add' }, diff: 'x' },
      { path: '/w/b', kind: { type: 'update', movePath: '/w/c' }, diff: 'x' },
    ],
  },
  mcpCall,
  toolCall,
  { ...toolCall, arguments: 'not JSON', status: 'inProgress' },
  { type: 'webSearch', id: 'w', query: 'x', action: { type: 'search', query: 'x' } },
  { type: 'webSearch', id: 'w', query: '', action: null },
  { type: 'webSearch', id: 'w', query: 'x', action: { type: 'findInPage', url: 'u', pattern: 'p' } },
  { type: 'imageView', id: 'i', path: '/w/a.png' },
  { type: 'imageGeneration', id: 'p', prompt: 'a boat', url: 'data:image/png;base64,AAAA' },
  { type: 'imageGeneration', id: 'q', prompt: '', url: null },
  { type: 'contextCompaction', id: 'k' },
  { type: 'enteredReviewMode', id: 'e', review: 'x' },
  { type: 'exitedReviewMode', id: 'x', review: 'x', output: null },
  {
    ...{ type: 'collabAgentToolCall', id: 'g', tool: 'wait', status: 'declined', senderThreadId: 'a', prompt: null },
    receiverThreadIds: ['b', 'c'],
    agentsStates: { b: { status: 'failed', message: 'x' }, c: { status: 'closed', message: null } },
  },
];

describe('items in the form of the protocol', () => {
  test.each(shown.map((item) => [item.type, item] as const))('%s fits the published schema', (_, item) => {
    const params = { item: wireItem(item), threadId: 't', turnId: 'u', completedAtMs: 1 };
    expect(schemaFault('notifications', 'item/completed', params)).toBeNull();
  });

  test('a call of one of keel’s own tools has its arguments as an object, or as the text that they were', () => {
    expect(wireItem(toolCall)).toMatchObject({
      type: 'dynamicToolCall',
      arguments: { path: 'a' },
      success: false,
      durationMs: 2,
    });
    expect(wireItem({ ...toolCall, arguments: 'not JSON' })).toMatchObject({ arguments: 'not JSON' });
  });

  test('a plan is a state of its turn, and no item', () => {
    expect(wireItem({ type: 'plan', id: 'p', explanation: null, steps: [] })).toBeNull();
  });
});
