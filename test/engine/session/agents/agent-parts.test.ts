import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillWindow } from '../../../../src/context/history/token-info.ts';
import type { AgentRole } from '../../../../src/context/index.ts';
import { agentRights } from '../../../../src/engine/session/agents/agent-rights.ts';
import { AgentSlots } from '../../../../src/engine/session/agents/agent-slots.ts';
import { UsageMeter } from '../../../../src/engine/session/agents/usage-meter.ts';
import {
  NO_USAGE,
  type SandboxPolicy,
  type TokenUsage,
  type TokenUsageInfo,
} from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';

const info = (total: TokenUsage): TokenUsageInfo => ({
  total_token_usage: total,
  last_token_usage: total,
  model_context_window: 1_000_000,
});
const used = (tokens: number): TokenUsage => ({ ...NO_USAGE, input_tokens: tokens, total_tokens: tokens });

describe('what a child used since the last look', () => {
  it('adds up to its total, however often it is looked at', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 12 }), (added) => {
        const meter = new UsageMeter();
        let total = 0;
        let counted = 0;
        for (const tokens of added) {
          total += tokens;
          counted += meter.since(info(used(total)))?.total_tokens ?? 0;
        }
        expect(counted).toBe(total);
      }),
    );
  });

  it('is nothing where nothing was added, or nothing is known', () => {
    const meter = new UsageMeter();
    expect(meter.since(null)).toBeNull();
    expect(meter.since(info(NO_USAGE))).toBeNull();
    expect(meter.since(info(used(5)))).toMatchObject({ total_tokens: 5 });
    expect(meter.since(info(used(5)))).toBeNull();
  });

  it('is not counted again where a thread replays its turn', () => {
    const meter = new UsageMeter(used(100));
    expect(meter.since(info(used(40)))).toBeNull();
    expect(meter.since(info(used(100)))).toBeNull();
    expect(meter.since(info(used(130)))).toMatchObject({ total_tokens: 30, input_tokens: 30 });
  });

  it('is nothing for a window that was found full, and what follows is counted from there', () => {
    const meter = new UsageMeter();
    expect(meter.since(info(used(10)))).toMatchObject({ total_tokens: 10 });
    expect(meter.since(fillWindow(null, 1_000))).toBeNull();
    expect(meter.since(info(used(1_020)))).toMatchObject({ total_tokens: 20 });
  });
});

describe('the places for children', () => {
  it('are as many as there are, whatever is taken and given back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.array(fc.boolean(), { maxLength: 40 }), (max, steps) => {
        const slots = new AgentSlots(max);
        let taken = 0;
        for (const take of steps) {
          if (take) {
            const got = slots.take();
            expect(got).toBe(taken < max);
            if (got) taken += 1;
          } else if (taken > 0) {
            slots.giveBack();
            taken -= 1;
          }
        }
      }),
    );
  });
});

describe('the rights of a child', () => {
  const workspace: SandboxPolicy = {
    mode: 'workspace-write',
    network_access: true,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
    writable_roots: ['/more'],
  };
  const policies: Record<SandboxPolicy['mode'], SandboxPolicy> = {
    'read-only': { mode: 'read-only' },
    'workspace-write': workspace,
    'danger-full-access': { mode: 'danger-full-access' },
  };
  const MODES = ['read-only', 'workspace-write', 'danger-full-access'] as const;
  const role = (sandboxMode: AgentRole['sandboxMode']): AgentRole => ({
    ...{ name: 'r', description: '', instructions: '', baseInstructions: null, model: null, effort: null },
    sandboxMode,
  });
  const rights = (above: SandboxPolicy, atMost: AgentRole['sandboxMode']) =>
    agentRights(
      { cwd: '/w', approvalPolicy: 'never', sandboxPolicy: above, model: modelInfo('gpt-5', {}), effort: null },
      role(atMost),
    ).sandboxPolicy;

  it('are never wider than those of the turn above', () => {
    for (const above of MODES) {
      for (const atMost of [null, ...MODES]) {
        const is = rights(policies[above], atMost)?.mode ?? 'danger-full-access';
        expect(MODES.indexOf(is)).toBeLessThanOrEqual(MODES.indexOf(above));
        if (atMost !== null) expect(MODES.indexOf(is)).toBeLessThanOrEqual(MODES.indexOf(atMost));
      }
    }
  });

  it('are those above, with all details, where the role asks for no less', () => {
    expect(rights(workspace, null)).toBe(workspace);
    expect(rights(workspace, 'workspace-write')).toBe(workspace);
    expect(rights(workspace, 'danger-full-access')).toBe(workspace);
  });

  it('of a role that may write the workspace have no network where the turn above may do all', () => {
    expect(rights(policies['danger-full-access'], 'workspace-write')).toEqual({
      mode: 'workspace-write',
      network_access: false,
      exclude_tmpdir_env_var: false,
      exclude_slash_tmp: false,
    });
  });
});
