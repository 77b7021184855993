import { describe, expect, it } from 'vitest';
import {
  ApprovalDecision,
  ApprovalRequest,
  KeelError,
  Op,
  ResponseItem,
  RolloutItem,
  SandboxPolicy,
  SessionEvent,
  SettingsUpdate,
  ThreadItem,
  toKeelError,
} from '../../../src/foundation/protocol/index.ts';

interface Schema {
  safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown };
}
const accepts = (schema: Schema, value: unknown) => schema.safeParse(value).success;
const without = (value: Readonly<Record<string, unknown>>, key: string) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));

/** One whole example of each, and the fields without which it is none. */
const EXAMPLES: readonly (readonly [name: string, schema: Schema, value: Record<string, unknown>, needed: string[]])[] =
  [
    [
      'a message',
      ResponseItem,
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] },
      ['role', 'content'],
    ],
    ['a thought', ResponseItem, { type: 'reasoning', summary: [], encrypted_content: null }, ['summary']],
    [
      'a call',
      ResponseItem,
      { type: 'function_call', name: 'a', arguments: '{}', call_id: 'c' },
      ['name', 'arguments', 'call_id'],
    ],
    ['an output', ResponseItem, { type: 'function_call_output', call_id: 'c', output: 'text' }, ['call_id', 'output']],
    [
      'a freeform call',
      ResponseItem,
      { type: 'custom_tool_call', call_id: 'c', name: 'a', input: '' },
      ['call_id', 'name', 'input'],
    ],
    ['its output', ResponseItem, { type: 'custom_tool_call_output', call_id: 'c', output: '' }, ['call_id', 'output']],
    [
      'a shell call',
      ResponseItem,
      { type: 'local_shell_call', status: 'completed', action: { type: 'exec', command: ['ls'] } },
      ['status', 'action'],
    ],
    [
      'a picture',
      ResponseItem,
      { type: 'image_generation_call', id: 'ig', status: 'completed', result: null },
      ['id', 'status'],
    ],
    ['a snapshot', ResponseItem, { type: 'ghost_snapshot', ghost_commit: { id: 'a' } }, ['ghost_commit']],
    ['an interrupt', Op, { type: 'interrupt' }, ['type']],
    ['an answer', Op, { type: 'approval', questionId: 'q', decision: { type: 'denied' } }, ['questionId', 'decision']],
    ['a rollback', Op, { type: 'rollback', turns: 1 }, ['turns']],
    ['a command of the user', Op, { type: 'userShell', command: 'ls' }, ['command']],
    ['a recall', Op, { type: 'getHistoryEntry', offset: 0 }, ['offset']],
    [
      'a turn',
      Op,
      {
        type: 'userTurn',
        items: [],
        cwd: '/',
        approvalPolicy: 'never',
        sandboxPolicy: { mode: 'read-only' },
        model: 'm',
        summary: 'auto',
      },
      ['items', 'cwd', 'approvalPolicy', 'sandboxPolicy', 'model', 'summary'],
    ],
    [
      'a delta',
      SessionEvent,
      { type: 'item.delta', turnId: 't', itemId: 'i', part: 'agentMessage', delta: 'x' },
      ['turnId', 'itemId', 'part', 'delta'],
    ],
    [
      'an end',
      SessionEvent,
      {
        type: 'turn.completed',
        turnId: 't',
        status: 'failed',
        error: { kind: 'internal', message: 'x' },
        abortReason: null,
        lastAgentMessage: null,
      },
      ['turnId', 'status', 'error', 'abortReason', 'lastAgentMessage'],
    ],
    ['lost events', SessionEvent, { type: 'events.lost', dropped: 3 }, ['dropped']],
    [
      'a patch',
      ThreadItem,
      {
        type: 'fileChange',
        id: 'i',
        status: 'completed',
        changes: [{ path: '/a', kind: { type: 'update', movePath: null }, diff: '' }],
      },
      ['id', 'changes', 'status'],
    ],
    ['a search', ThreadItem, { type: 'webSearch', id: 'i', query: '' }, ['id', 'query']],
    [
      'a question about a command',
      ApprovalRequest,
      {
        type: 'command',
        questionId: 'q',
        callId: 'c',
        command: ['ls'],
        cwd: '/',
        commandActions: [],
        reason: null,
        escalated: false,
      },
      ['questionId', 'callId', 'command', 'cwd', 'commandActions', 'reason', 'escalated'],
    ],
    [
      'a question about a host',
      ApprovalRequest,
      {
        type: 'network',
        questionId: 'q',
        host: 'a.example',
        port: 443,
        protocol: 'https',
        reason: null,
      },
      ['questionId', 'host', 'port', 'protocol', 'reason'],
    ],
    ['a start', RolloutItem, { type: 'session_meta', payload: { id: 'a', timestamp: 't', cwd: '/' } }, ['payload']],
    ['an owner', RolloutItem, { type: 'lease', payload: { owner: 'o', pid: null } }, ['payload']],
    [
      'a step',
      RolloutItem,
      { type: 'step', payload: { turn: 't', id: 's', kind: 'tool', state: 'begin', version: 1 } },
      ['payload'],
    ],
  ];

describe('what crosses a border', () => {
  it.each(EXAMPLES)('%s is taken whole, and not without what it needs', (_, schema, value, needed) => {
    expect(accepts(schema, value)).toBe(true);
    for (const key of needed) expect(accepts(schema, without(value, key))).toBe(false);
  });

  it.each(EXAMPLES)('%s keeps its values as they are', (_, schema, value) => {
    expect(schema.safeParse(value).data).toMatchObject(value);
  });

  it.each(EXAMPLES)('%s is nothing of another type', (_, schema, value) => {
    for (const type of ['', 'from_the_future', '__proto__', 'constructor', null, 3]) {
      expect(accepts(schema, { ...value, type })).toBe(false);
    }
    for (const other of [null, undefined, 'text', 3, [], [value]]) expect(accepts(schema, other)).toBe(false);
  });
});

describe('limits of single values', () => {
  it.each<[string, Schema, unknown]>([
    ['no turn to take back', Op, { type: 'rollback', turns: 0 }],
    ['half a turn to take back', Op, { type: 'rollback', turns: 1.5 }],
    ['an empty command', Op, { type: 'userShell', command: '' }],
    ['an offset before the first', Op, { type: 'getHistoryEntry', offset: -1 }],
    ['an unknown policy', SettingsUpdate, { approvalPolicy: 'always' }],
    ['an effort without a name', SettingsUpdate, { effort: '' }],
    ['a sandbox of another mode', SandboxPolicy, { mode: 'open' }],
    ['roots that are no list', SandboxPolicy, { mode: 'workspace-write', writable_roots: '/' }],
    ['an answer with an object in the form', ApprovalDecision, { type: 'approved', content: { a: {} } }],
    [
      'half a port',
      ApprovalRequest,
      { type: 'network', questionId: 'q', host: 'a', port: 1.5, protocol: 'http', reason: null },
    ],
    [
      'an unknown way to the host',
      ApprovalRequest,
      { type: 'network', questionId: 'q', host: 'a', port: 1, protocol: 'ftp', reason: null },
    ],
  ])('%s is refused', (_, schema, value) => {
    expect(accepts(schema, value)).toBe(false);
  });

  it('an effort that a provider added is taken, and null clears it', () => {
    expect(SettingsUpdate.parse({ effort: 'xhigh' })).toEqual({ effort: 'xhigh' });
    expect(SettingsUpdate.parse({ effort: null })).toEqual({ effort: null });
    expect(SettingsUpdate.parse({})).toEqual({});
  });

  it('a policy has its details with their defaults, and keeps what a later version adds', () => {
    expect(SandboxPolicy.parse({ mode: 'workspace-write', later: 1 })).toEqual({
      mode: 'workspace-write',
      network_access: false,
      exclude_tmpdir_env_var: false,
      exclude_slash_tmp: false,
      later: 1,
    });
    expect(SandboxPolicy.parse({ mode: 'read-only' })).toEqual({ mode: 'read-only' });
  });
});

describe('a record of a later version', () => {
  it.each(['session_meta', 'turn_context', 'compacted', 'event_msg', 'step', 'lease'])(
    'keeps what this one does not know: %s',
    (type) => {
      const known: Readonly<Record<string, object>> = {
        session_meta: { id: 'a', timestamp: 't', cwd: '/' },
        turn_context: { cwd: '/', approval_policy: 'never', sandbox_policy: { mode: 'read-only' }, model: 'm' },
        compacted: { message: 'm' },
        event_msg: { type: 'from_the_future' },
        step: { turn: 't', id: 's', kind: 'io', state: 'end', version: 9 },
        lease: { owner: 'o', pid: 1 },
      };
      const line = { type, payload: { ...known[type], added: { deep: [1, null] } } };
      expect(RolloutItem.parse(line)).toEqual(line);
    },
  );

  it.each([
    ['a count without its numbers', { type: 'token_count', info: { total_token_usage: {} } }],
    ['pruned outputs that are no list', { type: 'outputs_elided', outputs: 'all' }],
    ['a message without its words', { type: 'user_message' }],
  ])('of an event that is known by name only is kept as it is: %s', (_, payload) => {
    const line = { type: 'event_msg', payload };
    expect(RolloutItem.parse(line)).toEqual(line);
  });
});

describe('a failure that reaches a user', () => {
  it('has what crosses a border and no more: no stack, no cause', () => {
    const error = new KeelError('serverOverloaded', 'busy', {
      retryable: true,
      retryAfterMs: 5,
      cause: new Error('secret'),
    });
    expect(error.toInfo()).toEqual({ kind: 'serverOverloaded', message: 'busy' });
    expect(error).toMatchObject({ name: 'KeelError', retryable: true, retryAfterMs: 5, httpStatus: undefined });
    expect(new KeelError('badRequest', 'no', { httpStatus: 400 }).toInfo().httpStatus).toBe(400);
  });

  it('is not tried again unless it says so', () => {
    expect(new KeelError('internal', 'x').retryable).toBe(false);
    expect(new KeelError('internal', 'x').cause).toBeUndefined();
  });

  it.each<[unknown, string]>([
    ['text', 'internal error: text'],
    [null, 'internal error: null'],
    [new AggregateError([new Error('a'), new Error('b')]), 'internal error: a; b'],
  ])('is a bug where anything else was thrown: %o', (thrown, message) => {
    const error = toKeelError(thrown);
    expect(error).toMatchObject({ kind: 'internal', message });
    expect(error.cause).toBe(thrown);
  });
});
