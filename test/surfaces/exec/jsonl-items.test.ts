import { describe, expect, test } from 'vitest';
import type { ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { jsonlBodies } from '../../../src/surfaces/exec/program/jsonl-items.ts';
import { agentCall, answer, command, fileChange, mcpCall, plan, thoughts, toolCall } from '../sample-items.ts';

describe('an item on a line of its own', () => {
  test('of a command has its output and its exit code', () => {
    expect(jsonlBodies(command())).toEqual([
      {
        ...{ type: 'command_execution', command: 'npm test', aggregated_output: 'ok\n' },
        ...{ exit_code: 0, status: 'completed' },
      },
    ]);
  });

  test.each([
    ['inProgress', 'in_progress'],
    ['completed', 'completed'],
    ['failed', 'failed'],
    ['declined', 'failed'],
    ['interrupted', 'failed'],
  ] as const)('that is %s says %s, whatever its kind', (status, said) => {
    const items = [command({ status }), fileChange({ status }), mcpCall({ status })];
    for (const item of items) expect(jsonlBodies(item)).toMatchObject([{ status: said }]);
  });

  test('of a command that printed nothing has an empty text, and none of its own fields is missing', () => {
    const [body] = jsonlBodies(command({ aggregatedOutput: null, exitCode: null, status: 'inProgress' }));
    expect(body).toMatchObject({ aggregated_output: '', exit_code: null });
  });

  test('of what was refused says why', () => {
    const reason = 'the sandbox does not allow that';
    expect(jsonlBodies(command({ reason }))).toMatchObject([{ error: { message: reason } }]);
    expect(jsonlBodies(fileChange({ reason }))).toMatchObject([{ error: { message: reason } }]);
    expect(jsonlBodies(toolCall({ reason }))).toEqual([{ type: 'error', message: `read_file: ${reason}` }]);
    expect(jsonlBodies(command())[0]).not.toHaveProperty('error');
  });

  test('of changed files names each with its kind', () => {
    const kinds = ['add', 'delete'] as const;
    const changes = kinds.map((type) => ({ path: `/app/${type}`, kind: { type }, diff: '' }));
    expect(jsonlBodies(fileChange({ changes }))).toMatchObject([
      {
        type: 'file_change',
        changes: [
          { path: '/app/add', kind: 'add' },
          { path: '/app/delete', kind: 'delete' },
        ],
      },
    ]);
  });

  test('of a call of a server has its arguments, and its result or its error', () => {
    expect(jsonlBodies(mcpCall())).toMatchObject([
      {
        ...{ type: 'mcp_tool_call', server: 'docs', tool: 'search', arguments: { query: 'x' }, error: null },
        result: { content: [{ type: 'text', text: 'found' }], structured_content: null },
      },
    ]);
    const failed = mcpCall({ status: 'failed', result: null, error: { message: 'gone' } });
    expect(jsonlBodies(failed)).toMatchObject([{ status: 'failed', result: null, error: { message: 'gone' } }]);
  });

  test('of thoughts is one for each part, and none for hidden ones', () => {
    expect(jsonlBodies(thoughts('a', 'b'))).toEqual([
      { type: 'reasoning', text: 'a' },
      { type: 'reasoning', text: 'b' },
    ]);
    expect(jsonlBodies(thoughts())).toEqual([]);
  });

  test('of a plan has its steps, done or not', () => {
    const steps = plan(
      { step: 'a', status: 'completed' },
      { step: 'b', status: 'in_progress' },
      { step: 'c', status: 'pending' },
    );
    expect(jsonlBodies(steps)).toEqual([
      {
        type: 'todo_list',
        items: [
          { text: 'a', completed: true },
          { text: 'b', completed: false },
          { text: 'c', completed: false },
        ],
      },
    ]);
  });

  test.each([
    ['running', 'running'],
    ['completed', 'completed'],
    ['failed', 'errored'],
    ['interrupted', 'interrupted'],
    ['closed', 'shutdown'],
  ] as const)('of a subagent that is %s says %s', (status, said) => {
    const item = agentCall({ agentsStates: { thread_2: { status, message: 'm' } } });
    expect(jsonlBodies(item)).toMatchObject([
      {
        ...{ type: 'collab_tool_call', tool: 'spawn_agent', sender_thread_id: 'thread_1' },
        agents_states: { thread_2: { status: said, message: 'm' } },
      },
    ]);
  });

  test.each([
    [
      { type: 'search', query: 'q' },
      { type: 'search', query: 'q' },
    ],
    [
      { type: 'openPage', url: 'https://a' },
      { type: 'open_page', url: 'https://a' },
    ],
    [
      { type: 'findInPage', url: 'https://a', pattern: 'p' },
      { type: 'find_in_page', url: 'https://a', pattern: 'p' },
    ],
  ] as const)('of a search on the web names what it did: %j', (action, said) => {
    const item: ThreadItem = { type: 'webSearch', id: 'w', query: 'q', action };
    expect(jsonlBodies(item)).toEqual([{ type: 'web_search', query: 'q', action: said }]);
  });

  test('of a review is its text, as a message', () => {
    const item: ThreadItem = { type: 'exitedReviewMode', id: 'r', review: 'Fine.', output: null };
    expect(jsonlBodies(item)).toEqual([{ type: 'agent_message', text: 'Fine.' }]);
    expect(jsonlBodies(answer('Hi'))).toEqual([{ type: 'agent_message', text: 'Hi' }]);
  });

  test('is none for what only people at a terminal look at', () => {
    const items: ThreadItem[] = [
      { type: 'enteredReviewMode', id: 'e', review: 'x' },
      { type: 'undo', id: 'u', status: 'completed', message: 'x' },
      { type: 'contextCompaction', id: 'c' },
      toolCall(),
    ];
    expect(items.flatMap(jsonlBodies)).toEqual([]);
  });
});
