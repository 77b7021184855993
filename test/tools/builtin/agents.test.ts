import { describe, expect, it } from 'vitest';
import { waitTool } from '../../../src/tools/builtin/wait.ts';
import type { AgentView, WaitOutcome } from '../../../src/tools/index.ts';
import { noAgents } from '../../support/sessions/no-agents.ts';
import { Workspace } from '../patch/support.ts';
import { ToolTurn, textOf } from './support.ts';

const agent: AgentView = {
  id: 'worker-1',
  threadId: 'thread-1',
  model: null,
  state: { status: 'running', message: null },
};

describe('wait', () => {
  it.each([
    [undefined, 30_000],
    [0, 10_000],
    [-1, 10_000],
    [45_000, 45_000],
    ['60000', 60_000],
    [1e12, 3_600_000],
  ])('with %s milliseconds waits up to %i', async (given, limit) => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    const asked: unknown[] = [];
    const agents = {
      ...noAgents,
      wait: async (ids: readonly string[], timeoutMs: number): Promise<WaitOutcome> => {
        asked.push(ids, timeoutMs);
        return { type: 'done', agents: [agent], timedOut: true };
      },
    };
    Object.assign(turn.context, { agents });
    const output = await turn.call(waitTool.handler, { ids: ['worker-1', 'worker-1'], timeout_ms: given });
    expect(asked).toEqual([['worker-1'], limit]);
    expect(textOf(output)).toBe('{"status":{"worker-1":{"status":"running"}},"timed_out":true}');
    expect(turn.seen).toEqual(['started collabAgentToolCall inProgress', 'completed collabAgentToolCall completed']);
  });
});
