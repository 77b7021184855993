import type { SessionUpdate } from '@agentclientprotocol/sdk';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../src/foundation/protocol/index.ts';
import { CallFeed } from '../../../src/surfaces/acp/items/call-feed.ts';
import type { WorkItem } from '../../../src/surfaces/acp/items/call-view.ts';
import { command, fileChange, mcpCall, toolCall } from '../sample-items.ts';
import { type Editor, editor } from './session-client.ts';

let made: Editor;
let feed: CallFeed;

async function feedWith(capabilities = {}, prefix = ''): Promise<void> {
  await made?.[Symbol.asyncDispose]();
  made = await editor({ capabilities });
  feed = new CallFeed({ client: made.session, prefix });
}
beforeEach(() => feedWith());
afterEach(() => made[Symbol.asyncDispose]());

const running = (more: Parameters<typeof command>[0] = {}) =>
  command({ status: 'inProgress', aggregatedOutput: null, exitCode: null, durationMs: null, ...more });
const reading = toolCall({ status: 'inProgress', durationMs: null });
const question = (callId: string, questionId = `q_${callId}`): ApprovalRequest => ({
  type: 'command',
  questionId,
  callId,
  command: ['npm', 'test'],
  cwd: '/app',
  commandActions: [],
  reason: null,
  escalated: false,
});
const network: ApprovalRequest = {
  type: 'network',
  questionId: 'q_net',
  host: 'example.com',
  port: 443,
  protocol: 'https',
  reason: null,
};

/** Updates by what they are, their id and their state. */
function shown(updates: readonly SessionUpdate[] = made.updates): string[] {
  return updates.flatMap((update) => {
    if (update.sessionUpdate !== 'tool_call' && update.sessionUpdate !== 'tool_call_update') return [];
    return `${update.sessionUpdate === 'tool_call' ? 'new' : 'more'} ${update.toolCallId} ${update.status ?? '-'}`;
  });
}
const contentOf = (update: SessionUpdate | undefined) =>
  update !== undefined && 'content' in update ? JSON.stringify(update.content) : '';

describe('a call', () => {
  test('that reads is announced as running and ended once', async () => {
    await feed.started(reading);
    await feed.completed(toolCall());
    expect(shown()).toEqual(['new call_4 in_progress', 'more call_4 completed']);
  });

  test('that may be asked about is pending until it is known to run', async () => {
    await feed.started(running());
    await feed.output('call_1', 'x');
    await feed.output('call_1', 'y');
    await feed.completed(command());
    expect(shown()).toEqual(['new call_1 pending', 'more call_1 in_progress', 'more call_1 completed']);
  });

  test('whose start was not seen is announced with its end', async () => {
    await feed.completed(command());
    expect(shown()).toEqual(['new call_1 pending', 'more call_1 completed']);
  });

  test('that is updated without a start is announced', async () => {
    await feed.updated(reading);
    await feed.updated(reading);
    expect(shown()).toEqual(['new call_4 in_progress', 'more call_4 in_progress']);
  });

  test.each([
    [{ exitCode: 1, status: 'completed' }, 'failed'],
    [{ status: 'failed' }, 'failed'],
    [{ status: 'declined' }, 'failed'],
    [{ status: 'interrupted' }, 'failed'],
    [{}, 'completed'],
  ] as const)('that ended with %j is %s', async (more, status) => {
    await feed.started(running());
    await feed.completed(command(more));
    expect(shown().at(-1)).toBe(`more call_1 ${status}`);
  });

  test('that has the id of an earlier one gets one of its own', async () => {
    for (let time = 0; time < 3; time += 1) {
      await feed.started(reading);
      await feed.completed(toolCall());
    }
    expect(shown().filter((line) => line.startsWith('new'))).toEqual([
      'new call_4 in_progress',
      'new call_4#2 in_progress',
      'new call_4#3 in_progress',
    ]);
    expect(shown().at(-1)).toBe('more call_4#3 completed');
  });

  test('of a subagent has the prefix of its thread', async () => {
    await feedWith({}, 'thread_2/');
    await feed.started(reading);
    await feed.completed(toolCall());
    expect(shown()).toEqual(['new thread_2/call_4 in_progress', 'more thread_2/call_4 completed']);
  });

  test('of an earlier turn is whole, and is not announced a second time under another id', async () => {
    await feed.replayed(command());
    await feed.replayed(command());
    expect(shown()).toEqual(['new call_1 completed', 'new call_1 completed']);
  });
});

describe('a question', () => {
  test('announces its call, which then runs under the same id', async () => {
    const asked = await feed.asked(question('call_1'));
    expect(asked).toMatchObject({ toolCallId: 'call_1', status: 'pending' });
    await feed.started(running());
    await feed.completed(command());
    expect(shown()).toEqual(['new call_1 pending', 'more call_1 in_progress', 'more call_1 completed']);
  });

  test('about a call that runs is an update of it, and the answer lets it run', async () => {
    await feed.started(running());
    await feed.asked(question('call_1'));
    await feed.decided(question('call_1'), true);
    expect(shown()).toEqual(['new call_1 pending', 'more call_1 pending', 'more call_1 in_progress']);
  });

  test('that is answered with no leaves the end to the call itself', async () => {
    await feed.started(running());
    await feed.asked(question('call_1'));
    await feed.decided(question('call_1'), false);
    await feed.completed(command({ status: 'declined' }));
    expect(shown()).toEqual(['new call_1 pending', 'more call_1 pending', 'more call_1 failed']);
  });

  test('that is asked twice about a call that has not started is one call', async () => {
    await feed.asked(question('call_1', 'q_1'));
    await feed.asked(question('call_1', 'q_2'));
    expect(shown()).toEqual(['new call_1 pending', 'more call_1 pending']);
  });

  test('about the second part of a call finds that part', async () => {
    await feed.started(running({ id: 'call_1#1' }));
    await feed.asked(question('call_1'));
    expect(shown()).toEqual(['new call_1#1 pending', 'more call_1#1 pending']);
  });

  test.each([
    [true, 'completed'],
    [false, 'failed'],
  ])('about a host ends with its answer: %s', async (isAllowed, status) => {
    await feed.asked(network);
    await feed.decided(network, isAllowed);
    expect(shown()).toEqual(['new q_net pending', `more q_net ${status}`]);
  });

  test('whose answer comes when its turn has ended changes nothing', async () => {
    await feed.asked(network);
    await feed.turnEnded();
    await feed.decided(network, true);
    expect(shown()).toEqual(['new q_net pending', 'more q_net failed']);
  });
});

describe('an end', () => {
  test('of the turn ends what was asked about and never ran, and nothing else', async () => {
    await feed.asked(question('call_1'));
    await feed.started(reading);
    await feed.turnEnded();
    await feed.turnEnded();
    expect(shown()).toEqual(['new call_1 pending', 'new call_4 in_progress', 'more call_1 failed']);
    expect(contentOf(made.updates.at(-1))).toContain('It was not run.');
  });

  test('that will not be seen ends every call', async () => {
    await feed.asked(question('call_9'));
    await feed.started(running());
    await feed.started(reading);
    await feed.ended();
    await feed.ended();
    expect(shown().slice(-3).sort()).toEqual(['more call_1 failed', 'more call_4 failed', 'more call_9 failed']);
    expect(contentOf(made.updates.at(-1))).toContain('Its end was not seen.');
  });

  test('leaves nothing to repeat', async () => {
    await feed.started(reading);
    await feed.completed(toolCall());
    await feed.repeatOpen();
    expect(shown()).toHaveLength(2);
  });
});

test('calls that run are repeated for a client that loads the session', async () => {
  await feed.started(running());
  await feed.started(reading);
  await feed.repeatOpen();
  expect(shown().slice(2)).toEqual(['new call_1 in_progress', 'new call_4 in_progress']);
});

describe('output', () => {
  test('of what is no running command is left out', async () => {
    await feed.output('nobody', 'x');
    await feed.started(reading);
    await feed.output('call_4', 'x');
    expect(shown()).toEqual(['new call_4 in_progress']);
  });

  test('of a quick command is only in its end', async () => {
    await feed.started(running());
    for (let at = 0; at < 20; at += 1) await feed.output('call_1', `line ${at}\n`);
    await feed.completed(command({ aggregatedOutput: 'line 0\nline 19\n' }));
    expect(shown()).toHaveLength(3);
    expect(contentOf(made.updates.at(-1))).toContain('line 19');
  });

  test('is data of a terminal for clients that have them', async () => {
    await feedWith({ _meta: { terminal_output: true } });
    await feed.started(running());
    await feed.output('call_1', 'one\n');
    await feed.output('call_1', 'two\n');
    await feed.completed(command({ exitCode: 3, status: 'failed' }));
    expect(made.updates.map((update) => ('_meta' in update ? update._meta : undefined))).toEqual([
      { terminal_info: { terminal_id: 'call_1', cwd: '/app' } },
      undefined,
      { terminal_output: { terminal_id: 'call_1', data: 'one\n' } },
      { terminal_output: { terminal_id: 'call_1', data: 'two\n' } },
      { terminal_exit: { terminal_id: 'call_1', exit_code: 3, signal: null } },
    ]);
    expect(contentOf(made.updates[0])).toBe('[{"type":"terminal","terminalId":"call_1"}]');
  });
});

const step = fc.record({
  item: fc.constantFrom<WorkItem>(
    running({ id: 'a' }),
    running({ id: 'b' }),
    running({ id: 'a#1' }),
    toolCall({ id: 'c', status: 'inProgress' }),
    fileChange({ id: 'd', status: 'inProgress' }),
    mcpCall({ id: 'e', status: 'inProgress', result: null }),
  ),
  does: fc.constantFrom(
    'started',
    'updated',
    'completed',
    'output',
    'asked',
    'allowed',
    'refused',
    'turnEnded',
    'replayed',
  ),
});

test('whatever the order, a call is announced before it is updated, and never goes back after its end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      await feedWith();
      const open = new Set<string>();
      for (const { item, does } of steps) {
        const id = item.id;
        const callId = id.replace(/#\d+$/, '');
        if (does === 'started' && !open.has(id)) {
          open.add(id);
          await feed.started(item);
        }
        if (does === 'updated' && open.has(id)) await feed.updated(item);
        if (does === 'completed' && open.delete(id)) await feed.completed({ ...item, ...ended(item) });
        if (does === 'output') await feed.output(id, 'x');
        if (does === 'asked') await feed.asked(question(callId));
        if (does === 'allowed' || does === 'refused') await feed.decided(question(callId), does === 'allowed');
        if (does === 'turnEnded') await feed.turnEnded();
      }
      await feed.ended();
      const states = new Map<string, string>();
      for (const line of shown()) {
        const [kind = '', id = '', status = ''] = line.split(' ');
        if (kind === 'new') expect(states.has(id)).toBe(false);
        else expect(states.has(id)).toBe(true);
        expect(['completed', 'failed']).not.toContain(states.get(id));
        states.set(id, status);
      }
      for (const status of states.values()) expect(['completed', 'failed']).toContain(status);
    }),
    { numRuns: 40 },
  );
});

function ended(item: WorkItem): object {
  return 'status' in item ? { status: 'completed' } : {};
}
