import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentRole } from '../../../../src/context/index.ts';
import { agentRights, toolsWithheld } from '../../../../src/engine/session/agents/agent-rights.ts';
import type { SandboxMode, SandboxPolicy } from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';

const MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];

function policy(mode: SandboxMode): SandboxPolicy {
  if (mode !== 'workspace-write') return { mode };
  return { mode, network_access: true, exclude_tmpdir_env_var: true, exclude_slash_tmp: false };
}

const role = (sandboxMode: SandboxMode | null): AgentRole => ({
  ...{ name: 'worker', description: '', instructions: '', baseInstructions: null, model: null, effort: null },
  sandboxMode,
});
const above = (mode: SandboxMode, cwd = '/w') =>
  ({
    cwd,
    approvalPolicy: 'on-request',
    sandboxPolicy: policy(mode),
    model: modelInfo('gpt-5'),
    effort: null,
  }) as const;

describe('the rights of a subagent', () => {
  test.each(MODES.flatMap((mode) => [null, ...MODES].map((most) => [mode, most] as const)))(
    'below a turn with %s and a role with %s are never more than either',
    (mode, most) => {
      const { sandboxPolicy } = agentRights(above(mode), role(most));
      const reach = (one: SandboxMode | undefined) => MODES.indexOf(one ?? 'danger-full-access');
      expect(reach(sandboxPolicy?.mode)).toBe(Math.min(reach(mode), reach(most ?? mode)));
    },
  );

  test('are the very policy of the turn above where the role takes nothing away', () => {
    const turn = above('workspace-write');
    expect(agentRights(turn, role('danger-full-access')).sandboxPolicy).toBe(turn.sandboxPolicy);
    expect(agentRights(turn, role('workspace-write')).sandboxPolicy).toBe(turn.sandboxPolicy);
    expect(agentRights(turn, role(null)).sandboxPolicy).toBe(turn.sandboxPolicy);
  });

  test('have no network where a role confines a turn that was free', () => {
    expect(agentRights(above('danger-full-access'), role('workspace-write')).sandboxPolicy).toMatchObject({
      ...{ mode: 'workspace-write', network_access: false },
    });
  });

  test('are asked for as the turn above asks, in the directory where it works', () => {
    expect(agentRights(above('read-only', '/elsewhere'), role(null))).toMatchObject({
      ...{ cwd: '/elsewhere', approvalPolicy: 'on-request' },
    });
  });

  test('shrink with each level, and never grow again', () => {
    const most = fc.constantFrom<SandboxMode | null>(null, ...MODES);
    fc.assert(
      fc.property(fc.constantFrom(...MODES), fc.array(most, { maxLength: 5 }), (mode, levels) => {
        let at = above(mode);
        for (const level of levels) {
          const before = MODES.indexOf(at.sandboxPolicy.mode);
          const { sandboxPolicy = at.sandboxPolicy } = agentRights(at, role(level));
          expect(MODES.indexOf(sandboxPolicy.mode)).toBeLessThanOrEqual(before);
          at = { ...at, sandboxPolicy };
        }
      }),
    );
  });

  test('are without an editor for a role that reads alone', () => {
    expect(toolsWithheld(role('read-only'))).toEqual(['apply_patch', 'edit_file']);
    expect([toolsWithheld(role(null)), toolsWithheld(role('workspace-write'))]).toEqual([[], []]);
  });
});
