import { describe, expect, it } from 'vitest';
import { environmentContext } from '../../../src/context/index.ts';
import { ApprovalPolicy, type SandboxPolicy } from '../../../src/foundation/protocol/index.ts';
// The table that decides is no part of its floor's face; what the model reads has to agree with it.
import { commandRequirement, patchRequirement } from '../../../src/tools/orchestrator/requirement.ts';
import { execFacts, startFacts, textOf, workspaceWrite } from '../support.ts';

interface Cell {
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  readonly canAsk: boolean;
  readonly userPresent: boolean;
  readonly sandboxEnforced: boolean;
  readonly allowedHosts?: readonly string[] | null;
  readonly allowsCommits?: boolean;
}

const sandboxes: readonly SandboxPolicy[] = [
  { mode: 'read-only' },
  workspaceWrite,
  { ...workspaceWrite, network_access: true },
  { mode: 'danger-full-access' },
];
const flags = [true, false];
const cells: readonly Cell[] = ApprovalPolicy.options.flatMap((approvalPolicy) =>
  sandboxes.flatMap((sandboxPolicy) =>
    flags.flatMap((canAsk) =>
      flags.flatMap((userPresent) =>
        flags.map((sandboxEnforced) => ({ approvalPolicy, sandboxPolicy, canAsk, userPresent, sandboxEnforced })),
      ),
    ),
  ),
);
const named = cells.map((cell) => [nameOf(cell), cell] as const);

function nameOf({ approvalPolicy, sandboxPolicy, ...rest }: Cell): string {
  const network = sandboxPolicy.mode === 'workspace-write' && sandboxPolicy.network_access ? ' + network' : '';
  const held = rest.sandboxEnforced ? 'held' : 'not held';
  const who = `${rest.canAsk ? 'approver' : 'no approver'}, ${rest.userPresent ? 'user' : 'nobody'}`;
  return `${approvalPolicy}, ${sandboxPolicy.mode}${network}, ${held}, ${who}`;
}

function rulesOf(cell: Cell): string[] {
  const text = textOf(environmentContext({ ...execFacts, ...cell }, startFacts));
  const block = /\n {2}<rules>\n(.*)\n {2}<\/rules>/s.exec(text)?.[1];
  if (block === undefined) throw new Error('no rules');
  return block.split('\n').map((line) => line.replace(/^ {4}(?=\S)/, ''));
}

const kinds = {
  reach: /^(?:Everything can be read|Read anything|Writes work under|Write only under|There is no sandbox)/,
  network: /^(?:No network|The network counts|Commands can use the network)/,
  approval:
    /^(?:Approval can't|Every command and patch|When the sandbox blocks|keel itself|Calls run|No call|To get past)/,
  interaction: /^(?:The user reads along|Nobody reads along)/,
} as const;

describe('P7: the rules in every cell', () => {
  it('one line of each kind, in order', () => {
    for (const [name, cell] of named) {
      const isOpen = cell.sandboxPolicy.mode === 'danger-full-access';
      const expected = isOpen ? ['reach', 'approval', 'interaction'] : Object.keys(kinds);
      const found = rulesOf(cell).map((line) => Object.entries(kinds).find(([, pattern]) => pattern.test(line))?.[0]);
      expect(found, name).toEqual(expected);
    }
  });

  it('offers escalation exactly where a call that asks reaches the user', () => {
    for (const [name, cell] of named) {
      const { sandboxPolicy } = cell;
      const approvalPolicy = cell.canAsk ? cell.approvalPolicy : 'never';
      const requirement = commandRequirement({
        approvalPolicy,
        sandboxPolicy,
        risk: 'plain',
        escalated: true,
        justification: null,
      });
      const offers = rulesOf(cell).join('\n').includes('with_escalated_permissions');
      expect(offers, name).toBe(approvalPolicy === 'on-request' && requirement.type === 'ask');
      if (offers) expect(rulesOf(cell).join('\n'), name).toContain('`justification`');
    }
  });

  it('speaks of approval that can be had exactly where something can be asked', () => {
    for (const [name, cell] of named) {
      const { sandboxPolicy } = cell;
      const approvalPolicy = cell.canAsk ? cell.approvalPolicy : 'never';
      const plain = commandRequirement({
        approvalPolicy,
        sandboxPolicy,
        risk: 'plain',
        escalated: false,
        justification: null,
      });
      const patch = patchRequirement({
        approvalPolicy,
        fileCount: 1,
        fault: sandboxPolicy.mode === 'danger-full-access' ? null : { path: '/elsewhere', kind: 'outside' },
      });
      const text = rulesOf(cell).join('\n');
      const speaks = /asks the user|waits for the user's yes/.test(text);
      expect(speaks, name).toBe(plain.type === 'ask' || patch.type === 'ask');
      expect(text.includes("Approval can't be had"), name).toBe(approvalPolicy === 'never');
    }
  });

  it('says that the network fails only where it is blocked', () => {
    for (const [name, cell] of named) {
      const { sandboxPolicy: policy, sandboxEnforced } = cell;
      const isOpen =
        policy.mode === 'danger-full-access' || (policy.mode === 'workspace-write' && policy.network_access);
      expect(/remote calls fail/.test(rulesOf(cell).join('\n')), name).toBe(sandboxEnforced && !isOpen);
    }
  });

  it('claims a sandbox only where there is one', () => {
    for (const [name, cell] of named) {
      const text = rulesOf(cell)[0] ?? '';
      const isHeld = cell.sandboxPolicy.mode !== 'danger-full-access' && cell.sandboxEnforced;
      expect(/There is no sandbox|\(no sandbox\)/.test(text), name).toBe(!isHeld);
      if (!isHeld && cell.sandboxPolicy.mode !== 'danger-full-access')
        expect(text, name).toContain('This is enforced for patches');
    }
  });

  it('says who is there', () => {
    for (const [name, cell] of named) {
      expect(rulesOf(cell).at(-1)?.startsWith('The user'), name).toBe(cell.userPresent);
    }
  });
});

describe('where writes work', () => {
  const cell = { ...execFacts, userPresent: false };
  it('must-hold 5: names both escalation fields under on-request with workspace-write', () => {
    const text = rulesOf({ ...cell, approvalPolicy: 'on-request', canAsk: true }).join('\n');
    expect(text).toMatch(/`with_escalated_permissions` true and a `justification`/);
  });

  it.each([
    [true, "Writes work under the working directory and temp space, and commits work; elsewhere, and to git's hooks"],
    [false, "Write only under the working directory and temp space, not to git's hooks and config"],
  ])('names what the user opened in .git; confined: %s', (sandboxEnforced, text) => {
    const [first] = rulesOf({ ...cell, sandboxEnforced, allowsCommits: true });
    expect(first?.startsWith(text)).toBe(true);
    expect(first).not.toContain('`.git`');
  });

  it.each([
    [{}, 'the working directory and temp space;'],
    [{ exclude_slash_tmp: true }, 'the working directory;'],
    [{ exclude_tmpdir_env_var: true }, 'the working directory;'],
    [{ writable_roots: ['/srv'] }, 'the working directory, the listed roots and temp space;'],
    [{ writable_roots: ['/srv'], exclude_slash_tmp: true }, 'the working directory and the listed roots;'],
  ])('names the places of %j', (changes, places) => {
    const [first] = rulesOf({ ...cell, sandboxPolicy: { ...workspaceWrite, ...changes } });
    expect(first).toBe(`Writes work under ${places} elsewhere, and to \`.git\` and keel's settings, they fail.`);
  });

  it('P8, P11: every rule is worded calmly, in ASCII', () => {
    for (const [name, each] of named) {
      const text = rulesOf(each).join('\n');
      expect(text, name).toMatch(/^[\n\x20-\x7e]*$/);
      expect(text, name).not.toMatch(/[A-Z]{4,}|!|please| \n/);
    }
  });
});

describe('the network line where hosts are listed', () => {
  const line = (hosts: readonly string[], more: Partial<Cell> = {}) => {
    const cell: Cell = {
      approvalPolicy: 'on-request',
      sandboxPolicy: workspaceWrite,
      canAsk: true,
      userPresent: true,
      sandboxEnforced: true,
      allowedHosts: hosts,
      ...more,
    };
    return rulesOf(cell)[1];
  };
  const many = Array.from({ length: 25 }, (_, at) => `h${at}.test`);

  it('names them, at most twenty, and says whether others can be asked for', () => {
    expect(line(['a.test', '*.b.test'])).toBe(
      'The network reaches only: a.test, *.b.test. keel asks the user about others.',
    );
    expect(line(['a.test'], { approvalPolicy: 'never' })).toBe('The network reaches only: a.test.');
    expect(line(['a.test'], { canAsk: false })).toBe('The network reaches only: a.test.');
    expect(line(many, { canAsk: false })).toMatch(/^The network reaches only: h0\.test, .*h19\.test and 5 more\.$/);
  });

  it('holds beside an opened network, and is not there where none is or nothing holds', () => {
    const opened = { ...workspaceWrite, network_access: true };
    expect(line(['a.test'], { sandboxPolicy: opened, canAsk: false })).toBe('The network reaches only: a.test.');
    expect(line([], { canAsk: false })).toMatch(/^No network/);
    expect(line([])).toMatch(/^The network reaches no host until the user allows it/);
    expect(line(['a.test'], { sandboxPolicy: { mode: 'read-only' } })).toMatch(/^No network/);
    expect(line(['a.test'], { sandboxPolicy: opened, sandboxEnforced: false })).toMatch(/^The network counts as off/);
    const facts = { ...execFacts, sandboxPolicy: opened, allowedHosts: ['a.test'] };
    expect(textOf(environmentContext(facts, startFacts))).toContain('<network_access>restricted</network_access>');
  });
});
