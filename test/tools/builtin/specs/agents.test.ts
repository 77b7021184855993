import { describe, expect, it } from 'vitest';
import { agentRoles } from '../../../../src/context/index.ts';
import { AGENT_TOOLS, builtinTools, registerAgentTools } from '../../../../src/tools/index.ts';
import { descriptionOf } from './support.ts';

function specs(roles: Parameters<typeof agentRoles>[0] = []) {
  const registry = builtinTools();
  registerAgentTools(registry, agentRoles(roles));
  return registry.specs(AGENT_TOOLS);
}
const role = (name: string, description: string) => ({
  name,
  description,
  model: null,
  effort: null,
  instructions: null,
  baseInstructions: null,
  sandboxMode: null,
});

describe('the tools for subagents', () => {
  it('P2: are the reviewed ones, byte for byte', async () => {
    const lines = specs().map((spec) => JSON.stringify(spec));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('golden/agents.jsonl');
    expect(lines.map((line) => Buffer.byteLength(line))).toEqual([842, 390, 398, 258]);
  });

  it('P1: have descriptions within their budgets', () => {
    const [spawn = 0, ...others] = specs().map((spec) => Buffer.byteLength(descriptionOf(spec)));
    expect(spawn).toBeLessThanOrEqual(600);
    expect(Math.max(...others)).toBeLessThanOrEqual(350);
  });

  it('name eight roles at most, each with a short word on one line', () => {
    const many = Array.from({ length: 9 }, (_, at) => role(`role${at}`, `a\nb ${'x'.repeat(100)}`));
    const [spawn] = specs(many);
    const text = JSON.stringify(spawn);
    expect(text).toContain(`verifier (tests a claim), role0 (a b ${'x'.repeat(36)}), role1`);
    expect(text).toContain('role4');
    expect(text).not.toContain('role5');
  });
});
