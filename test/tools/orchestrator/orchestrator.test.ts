import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type {
  ApprovalDecision,
  ApprovalPolicy,
  ApprovalRequest,
  SandboxMode,
  SandboxPolicy,
} from '../../../src/foundation/protocol/index.ts';
import type { ExecPlan, SandboxPlanner } from '../../../src/system/sandbox/index.ts';
import { directPlan } from '../../../src/system/sandbox/plan/plan.ts';
import { ApprovalCache, type CommandRules, Orchestrator, type ToolContext } from '../../../src/tools/index.ts';
import type { Orchestrated } from '../../../src/tools/orchestrator/requests.ts';
import { unconfinedRules } from '../../support/sandbox/unconfined-rules.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { ToolTurn, workspaceOnly } from '../builtin/support.ts';

const policies: Readonly<Record<SandboxMode, SandboxPolicy>> = {
  'read-only': { mode: 'read-only' },
  'workspace-write': workspaceOnly,
  'danger-full-access': { mode: 'danger-full-access' },
};
const modes: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const approvals: readonly ApprovalPolicy[] = ['untrusted', 'on-failure', 'on-request', 'never'];

interface Command {
  readonly argv?: readonly string[];
  readonly cwd?: string;
  readonly escalated?: boolean;
  readonly justification?: string;
}

/** Commands of one turn, run by nobody: the attempts are counted and their plans kept. */
class Commands {
  readonly turn: ToolTurn;
  readonly plans: ExecPlan[] = [];
  readonly #orchestrator: Orchestrator;

  constructor(turn: Partial<ToolContext['turn']>, rules: CommandRules = unconfinedRules) {
    this.turn = new ToolTurn('/home/ada/tide', turn);
    const approver = {
      request: async (request: (typeof this.turn.asked)[number]) => {
        this.turn.asked.push(request);
        this.turn.onAsk();
        return this.turn.answer;
      },
    };
    this.#orchestrator = new Orchestrator({ approver, cache: new ApprovalCache(), rules, run: null });
  }

  run(command: Command = {}, signal = new AbortController().signal): Promise<Orchestrated<number>> {
    const { argv = ['make', 'all'], cwd = '/home/ada/tide', escalated = false, justification = null } = command;
    const request = {
      callId: 'call-1',
      spec: { argv, cwd, env: {} },
      escalated,
      justification,
      commandActions: [],
      run: async (plan: ExecPlan) => this.plans.push(plan),
      endOf: () => ({ exitCode: 1, output: 'read-only file system' }),
    };
    return this.#orchestrator.runCommand(request, this.turn.context, signal);
  }
}

/** How a command fares: whether the user is asked, and whether it then runs. */
async function fate(commands: Commands, command: Command): Promise<string> {
  const result = await commands.run(command);
  const asked = commands.turn.asked.length > 0 ? 'asked, ' : '';
  return asked + (result.type === 'done' ? 'runs' : 'refused');
}

describe('T12: whether a command is asked about', () => {
  const never = { safe: 'runs', plain: 'runs', dangerous: 'refused' };
  const untrusted = { safe: 'runs', plain: 'asked, runs', dangerous: 'asked, runs' };
  const onRequest = { safe: 'runs', plain: 'runs', dangerous: 'asked, runs' };
  const table = { untrusted, 'on-failure': onRequest, 'on-request': onRequest, never } as const;
  const rows = approvals.flatMap((approvalPolicy) =>
    modes.flatMap((mode) => (['safe', 'plain', 'dangerous'] as const).map((risk) => ({ approvalPolicy, mode, risk }))),
  );

  it.each(rows)('$approvalPolicy, $mode, $risk: as the table says', async ({ approvalPolicy, mode, risk }) => {
    const rules: CommandRules = { ...unconfinedRules, riskOf: () => risk };
    const commands = new Commands({ approvalPolicy, sandboxPolicy: policies[mode] }, rules);
    const isFree = approvalPolicy === 'never' && mode === 'danger-full-access';
    expect(await fate(commands, {})).toBe(isFree ? 'runs' : table[approvalPolicy][risk]);
  });

  it.each(rows)('$approvalPolicy, $mode, $risk, escalated: as the table says', async (row) => {
    const { approvalPolicy, mode, risk } = row;
    const rules: CommandRules = { ...unconfinedRules, riskOf: () => risk };
    const commands = new Commands({ approvalPolicy, sandboxPolicy: policies[mode] }, rules);
    const underFull = risk === 'dangerous' ? 'asked, runs' : 'runs';
    const onRequestFate = mode === 'danger-full-access' ? underFull : 'asked, runs';
    expect(await fate(commands, { escalated: true })).toBe(approvalPolicy === 'on-request' ? onRequestFate : 'refused');
  });

  it.each(rows)('$approvalPolicy, $mode, $risk with nobody to ask: never waits', async (row) => {
    const { approvalPolicy, mode, risk } = row;
    const commands = new Commands(
      { approvalPolicy, sandboxPolicy: policies[mode], canAsk: false },
      { ...unconfinedRules, riskOf: () => risk },
    );
    const isFree = approvalPolicy === 'never' && mode === 'danger-full-access';
    expect(await fate(commands, {})).toBe(isFree || table[approvalPolicy][risk] === 'runs' ? 'runs' : 'refused');
  });
});

describe('a command that asks for more', () => {
  it.each([
    ['untrusted', 'UnlessTrusted'],
    ['on-failure', 'OnFailure'],
    ['never', 'Never'],
  ] as const)('T3: is refused under %s in every mode, with its name, and runs without asking', async (policy, name) => {
    for (const mode of modes) {
      const commands = new Commands({ approvalPolicy: policy, sandboxPolicy: policies[mode] });
      expect(await commands.run({ escalated: true })).toEqual({
        type: 'refused',
        message: `approval policy is ${name}: a call can't ask for escalation under it. Send it without with_escalated_permissions.`,
      });
      expect(commands.turn.asked).toEqual([]);
      expect(commands.plans).toEqual([]);
      expect((await commands.run()).type).toBe('done');
    }
  });

  it('shows the user what it is about and why', async () => {
    const commands = new Commands({ approvalPolicy: 'on-request' });
    await commands.run({ argv: ['npm', 'ci'], cwd: '/srv', escalated: true, justification: 'It needs the registry.' });
    expect(commands.turn.asked).toEqual([
      {
        type: 'command',
        callId: 'call-1',
        command: ['npm', 'ci'],
        cwd: '/srv',
        commandActions: [],
        reason: 'It needs the registry.',
        escalated: true,
      },
    ]);
  });

  it('is answered that nobody can approve it, where nobody can', async () => {
    const commands = new Commands({ approvalPolicy: 'on-request', canAsk: false });
    expect(await commands.run({ escalated: true })).toEqual({
      type: 'refused',
      message: 'not run: this call needs approval and nobody can give it in this run',
    });
  });
});

describe("the user's answer", () => {
  const refusals: readonly [ApprovalDecision, string][] = [
    [{ type: 'denied' }, 'exec command rejected by user'],
    [{ type: 'denied', message: 'Not today.' }, "exec command rejected by user\nThe user's reason: Not today."],
    [{ type: 'abort' }, 'aborted'],
  ];

  it.each(refusals)('must-hold 13: %j keeps the command from running', async (answer, message) => {
    const commands = new Commands({ approvalPolicy: 'untrusted' });
    commands.turn.answer = answer;
    expect(await commands.run()).toEqual({ type: 'refused', message });
    expect(commands.plans).toEqual([]);
  });

  it('comes too late when the turn was stopped meanwhile', async () => {
    const commands = new Commands({ approvalPolicy: 'untrusted' });
    const controller = new AbortController();
    commands.turn.answer = { type: 'approvedForSession' };
    commands.turn.onAsk = () => controller.abort();
    expect(await commands.run({}, controller.signal)).toEqual({ type: 'refused', message: 'aborted' });
    expect(commands.plans).toEqual([]);
    commands.turn.onAsk = () => undefined;
    await commands.run();
    expect(commands.turn.asked).toHaveLength(2);
  });

  it('T14: for the session covers the same command only, in the same place and scope', async () => {
    const commands = new Commands({ approvalPolicy: 'untrusted' });
    commands.turn.answer = { type: 'approvedForSession' };
    const askedAfter = async (command: Command) => {
      await commands.run(command);
      return commands.turn.asked.length;
    };
    expect(await askedAfter({})).toBe(1);
    expect(await askedAfter({})).toBe(1);
    expect(await askedAfter({ cwd: '/home/ada' })).toBe(2);
    expect(await askedAfter({ argv: ['make', 'all', 'clean'] })).toBe(3);
    expect(await askedAfter({ argv: ['make all'] })).toBe(4);
  });

  it('T14: to a run in the sandbox is none to the same run outside', async () => {
    const commands = new Commands({ approvalPolicy: 'on-request' }, { ...unconfinedRules, riskOf: () => 'dangerous' });
    commands.turn.answer = { type: 'approvedForSession' };
    await commands.run();
    await commands.run({ escalated: true });
    await commands.run({ escalated: true });
    expect(commands.turn.asked.map((request) => request.type === 'command' && request.escalated)).toEqual([
      false,
      true,
    ]);
  });

  it('once does not last', async () => {
    const commands = new Commands({ approvalPolicy: 'untrusted' });
    await commands.run();
    await commands.run();
    expect(commands.turn.asked).toHaveLength(2);
  });
});

/** Confines what it is asked to confine, and denies that; its plans say which is which. */
const denying: SandboxPlanner = {
  ...unconfinedRules.planner,
  plan: ({ spec, scope = 'sandboxed' }) => ({
    type: 'ready',
    plan: { ...directPlan(spec), spawn: { ...spec, argv: [scope, ...spec.argv] } },
  }),
  denial: ({ spawn }, { output }) => (spawn.argv[0] === 'sandboxed' ? { what: output, isCertain: false } : null),
};

describe('a command that its sandbox stopped', () => {
  const denied = { ...unconfinedRules, planner: denying };

  it('R11, T15: under on-failure runs without it after approval', async () => {
    const commands = new Commands({ approvalPolicy: 'on-failure' }, denied);
    expect(await commands.run()).toMatchObject({ type: 'done', value: 2 });
    expect(commands.plans.map(({ spawn }) => spawn.argv[0])).toEqual(['sandboxed', 'unsandboxed']);
    expect(commands.turn.asked).toMatchObject([{ reason: 'command failed; retry without sandbox?', escalated: true }]);
  });

  it('T15: is not run again after a no', async () => {
    const commands = new Commands({ approvalPolicy: 'on-failure' }, denied);
    commands.turn.answer = { type: 'denied' };
    expect(await commands.run()).toEqual({ type: 'refused', message: 'exec command rejected by user' });
    expect(commands.plans).toHaveLength(1);
  });

  it('under untrusted is asked about again: approval inside the sandbox does not cover a run outside', async () => {
    const commands = new Commands({ approvalPolicy: 'untrusted' }, denied);
    expect(await commands.run()).toMatchObject({ type: 'done', value: 2 });
    expect(commands.turn.asked).toMatchObject([{ escalated: false }, { escalated: true }]);
  });

  it.each(['on-request', 'never'] as const)('T16: under %s is given back as it ended', async (approvalPolicy) => {
    const commands = new Commands({ approvalPolicy }, denied);
    expect(await commands.run()).toMatchObject({ type: 'done', value: 1 });
    expect(commands.turn.asked).toEqual([]);
  });

  it('is given back where nobody can be asked', async () => {
    const commands = new Commands({ approvalPolicy: 'on-failure', canAsk: false }, denied);
    expect(await commands.run()).toMatchObject({ type: 'done', value: 1 });
  });

  it('is given back when the turn was stopped meanwhile', async () => {
    const commands = new Commands({ approvalPolicy: 'on-failure' }, denied);
    expect(await commands.run({}, AbortSignal.abort())).toMatchObject({ type: 'done', value: 1 });
    expect(commands.turn.asked).toEqual([]);
  });

  it('runs outside at once when the user let it do so for the session', async () => {
    const commands = new Commands({ approvalPolicy: 'on-failure' }, denied);
    commands.turn.answer = { type: 'approvedForSession' };
    await commands.run();
    expect(await commands.run()).toMatchObject({ type: 'done', value: 4 });
    expect(commands.turn.asked).toHaveLength(1);
  });

  it('approved to run outside runs there from the first', async () => {
    const commands = new Commands({ approvalPolicy: 'on-request' }, denied);
    expect(await commands.run({ escalated: true })).toMatchObject({ type: 'done', value: 1 });
    expect(commands.plans.map(({ spawn }) => spawn.argv[0])).toEqual(['unsandboxed']);
  });
});

/** How an attempt ends: well, badly for reasons of its own, or stopped by its sandbox. */
type AttemptEnd = 'succeeds' | 'fails' | 'is stopped';

interface Cell {
  readonly approvalPolicy: ApprovalPolicy;
  readonly mode: SandboxMode;
  readonly escalated: boolean;
  readonly risk: 'safe' | 'plain' | 'dangerous';
  readonly end: AttemptEnd;
  readonly canAsk: boolean;
  readonly answer: 'approved' | 'denied';
}

/** What is asked and run for a command, in order: the table of docs/security.md as a function, written apart from the code. */
function expectedCourse({ approvalPolicy, mode, escalated, risk, end, canAsk, answer }: Cell): string {
  if (escalated && approvalPolicy !== 'on-request') return 'refused';
  const isFree = mode === 'danger-full-access';
  const widens = escalated && !isFree;
  const isUnbound = isFree && approvalPolicy === 'never';
  const isDoubtful = approvalPolicy === 'untrusted' ? risk !== 'safe' : risk === 'dangerous' && !isUnbound;
  const course: string[] = [];
  if (widens || isDoubtful) {
    if (approvalPolicy === 'never' || !canAsk) return 'refused';
    course.push(escalated ? 'asked for outside' : 'asked');
    if (answer === 'denied') return [...course, 'refused'].join(', ');
  }
  course.push(widens ? 'outside' : isFree ? 'free' : 'confined');
  const isStopped = end === 'is stopped' && course.at(-1) === 'confined';
  const asksAgain = approvalPolicy === 'untrusted' || approvalPolicy === 'on-failure';
  if (!isStopped || !asksAgain || !canAsk) return course.join(', ');
  return [...course, 'asked for outside', answer === 'denied' ? 'refused' : 'outside'].join(', ');
}

describe('T12: every cell of policy, mode, escalation, risk, outcome and answer', () => {
  const cells = approvals.flatMap((approvalPolicy) =>
    modes.flatMap((mode) =>
      [false, true].flatMap((escalated) =>
        (['safe', 'plain', 'dangerous'] as const).flatMap((risk) =>
          (['succeeds', 'fails', 'is stopped'] as const).flatMap((end) =>
            [true, false].flatMap((canAsk) =>
              (['approved', 'denied'] as const).map(
                (answer): Cell => ({ approvalPolicy, mode, escalated, risk, end, canAsk, answer }),
              ),
            ),
          ),
        ),
      ),
    ),
  );

  async function course(cell: Cell): Promise<string> {
    const seen: string[] = [];
    const planner: SandboxPlanner = {
      ...unconfinedRules.planner,
      plan: ({ spec, policy, scope = 'sandboxed' }) => {
        const how = policy.mode === 'danger-full-access' ? 'free' : scope === 'sandboxed' ? 'confined' : 'outside';
        return { type: 'ready', plan: { ...directPlan(spec), spawn: { ...spec, argv: [how] } } };
      },
      denial: ({ spawn }) =>
        cell.end === 'is stopped' && spawn.argv[0] === 'confined' ? { what: 'writing x', isCertain: true } : null,
    };
    const approver = {
      request: (request: ApprovalRequest) => {
        seen.push(request.type === 'command' && request.escalated ? 'asked for outside' : 'asked');
        return Promise.resolve({ type: cell.answer });
      },
    };
    const rules: CommandRules = { ...unconfinedRules, planner, riskOf: () => cell.risk };
    const { context } = new ToolTurn('/home/ada/tide', {
      approvalPolicy: cell.approvalPolicy,
      sandboxPolicy: policies[cell.mode],
      canAsk: cell.canAsk,
    });
    const request = {
      callId: 'call-1',
      spec: { argv: ['make'], cwd: '/home/ada/tide', env: {} },
      escalated: cell.escalated,
      justification: null,
      commandActions: [],
      run: async (plan: ExecPlan) => seen.push(plan.spawn.argv[0] ?? ''),
      endOf: () => ({ exitCode: cell.end === 'succeeds' ? 0 : 1, output: '' }),
    };
    const orchestrator = new Orchestrator({ approver, cache: new ApprovalCache(), rules, run: null });
    const result = await orchestrator.runCommand(request, context, new AbortController().signal);
    return (result.type === 'refused' ? [...seen, 'refused'] : seen).join(', ');
  }

  it.each(approvals)('under %s', async (approvalPolicy) => {
    const mine = cells.filter((cell) => cell.approvalPolicy === approvalPolicy);
    const expected = mine.map((cell) => ({ cell, course: expectedCourse(cell) }));
    const found = await Promise.all(mine.map(async (cell) => ({ cell, course: await course(cell) })));
    expect(found).toHaveLength(216);
    expect(found).toEqual(expected);
  });
});

describe('a patch', () => {
  const inside = 'project/new.txt';
  const outside = 'other/new.txt';

  interface Case {
    readonly approvalPolicy: ApprovalPolicy;
    readonly mode: SandboxMode;
    readonly name: string;
    readonly canAsk?: boolean;
  }

  async function patchFate({ approvalPolicy, mode, name, canAsk = true }: Case): Promise<string> {
    using dir = tempDir();
    dir.write({ 'project/a.txt': '', 'other/b.txt': '' });
    const turn = new ToolTurn(join(dir.path, 'project'), { approvalPolicy, sandboxPolicy: policies[mode], canAsk });
    const path = join(dir.path, name);
    const request = {
      callId: 'call-1',
      changes: [],
      paths: [path],
      apply: async (may: (path: string) => boolean) => may(path),
    };
    const result = await turn.context.orchestrator.runPatch(request, turn.context, new AbortController().signal);
    const asked = turn.asked.length > 0 ? 'asked, ' : '';
    return result.type === 'refused' ? asked + result.message : `${asked}${result.value ? 'written' : 'not permitted'}`;
  }

  const rejected = 'patch rejected: writing outside of the project; rejected by user approval settings';
  const rows: readonly [ApprovalPolicy, SandboxMode, string, string][] = [
    ['untrusted', 'danger-full-access', inside, 'asked, written'],
    ['untrusted', 'workspace-write', inside, 'asked, written'],
    ['untrusted', 'read-only', inside, 'asked, written'],
    ['on-failure', 'workspace-write', inside, 'written'],
    ['on-failure', 'workspace-write', outside, 'asked, written'],
    ['on-request', 'danger-full-access', outside, 'written'],
    ['on-request', 'workspace-write', inside, 'written'],
    ['on-request', 'workspace-write', outside, 'asked, written'],
    ['on-request', 'read-only', inside, 'asked, written'],
    ['never', 'danger-full-access', outside, 'written'],
    ['never', 'workspace-write', inside, 'written'],
    ['never', 'workspace-write', outside, rejected],
    ['never', 'read-only', inside, rejected],
  ];

  it.each(rows)('T13: under %s and %s, of %s: %s', async (approvalPolicy, mode, name, expected) => {
    expect(await patchFate({ approvalPolicy, mode, name })).toBe(expected);
  });

  it('that needs approval is not written where nobody can give it', async () => {
    const row = { approvalPolicy: 'on-request', mode: 'workspace-write', name: outside, canAsk: false } as const;
    expect(await patchFate(row)).toBe('not run: this call needs approval and nobody can give it in this run');
  });

  it('approved for the session may not go through a link that is turned elsewhere afterwards', async () => {
    using dir = tempDir();
    dir.write({ 'project/a.txt': '', 'first/x': '', 'second/x': '' });
    const turn = new ToolTurn(join(dir.path, 'project'));
    turn.answer = { type: 'approvedForSession' };
    const link = join(dir.path, 'project/link');
    const { orchestrator } = turn.context;
    const request = {
      callId: 'call-1',
      changes: [],
      paths: [join(link, 'x')],
      apply: async (mayWrite: (path: string) => boolean) => {
        const before = mayWrite(join(link, 'x'));
        rmSync(link);
        symlinkSync('../second', link);
        return [before, mayWrite(join(link, 'x'))];
      },
    };
    symlinkSync('../first', link);
    const first = await orchestrator.runPatch(request, turn.context, new AbortController().signal);
    expect(first).toEqual({ type: 'done', value: [true, false] });
    await orchestrator.runPatch(request, turn.context, new AbortController().signal);
    expect(turn.asked).toHaveLength(2);
  });
});
