import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SandboxPolicy } from '../../../src/foundation/protocol/index.ts';
import { userHome } from '../../../src/foundation/util/index.ts';
import { headerRows } from '../../../src/surfaces/exec/header.ts';
import {
  agentsText,
  changeText,
  duration,
  outcomeText,
  painter,
  planText,
} from '../../../src/surfaces/exec/human-texts.ts';
import { headAndTail } from '../../../src/surfaces/exec/shown-output.ts';
import { shownPath } from '../../../src/surfaces/exec/shown-path.ts';
import { agentCall, command, plan, threadStarted } from '../sample-items.ts';

describe('how long something took', () => {
  test.each([
    [null, ''],
    [0, ' in 0ms'],
    [0.4, ' in 0ms'],
    [250, ' in 250ms'],
    [999, ' in 999ms'],
    [999.6, ' in 1.00s'],
    [1_000, ' in 1.00s'],
    [1_500, ' in 1.50s'],
    [59_990, ' in 59.99s'],
    [59_999, ' in 1m 00s'],
    [60_000, ' in 1m 00s'],
    [65_400, ' in 1m 05s'],
    [3_600_000, ' in 60m 00s'],
  ])('%s ms is "%s"', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('no number of seconds or milliseconds is as large as the next unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 10_000_000, noNaN: true }), (ms) => {
        const [, count = '', unit] = /(?:m )?([\d.]+)(ms|s)$/.exec(duration(ms)) ?? [];
        expect(Number(count)).toBeLessThan(unit === 'ms' ? 1_000 : 60);
      }),
    );
  });
});

describe('how a command ended', () => {
  test.each([
    [{}, 'succeeded in 250ms'],
    [{ durationMs: null }, 'succeeded'],
    [{ status: 'failed', exitCode: 2 }, 'exited 2 in 250ms'],
    [{ status: 'failed', exitCode: null }, 'failed'],
    [{ status: 'failed', exitCode: -1 }, 'failed'],
    [{ status: 'declined', exitCode: null }, 'declined'],
    [{ status: 'interrupted', exitCode: null }, 'interrupted after 250ms'],
    [{ status: 'interrupted', durationMs: null }, 'interrupted'],
    [{ exitCode: null, processId: '7' }, 'still running after 250ms'],
    [{ exitCode: 0, processId: '7' }, 'succeeded in 250ms'],
    [{ status: 'failed', reason: 'timed out after 10 s' }, 'timed out after 10 s'],
  ] as const)('%j: %s', (more, text) => {
    expect(outcomeText(command(more))).toBe(text);
  });
});

describe('subagents', () => {
  test.each([
    [{}, 'spawn (running): look at the tests'],
    [{ tool: 'wait', prompt: null, agentsStates: {} }, 'wait ()'],
    [{ tool: 'sendInput', status: 'failed' }, 'send (failed): look at the tests'],
    [
      {
        tool: 'closeAgent',
        prompt: null,
        agentsStates: { a: { status: 'closed', message: null }, b: { status: 'failed', message: 'x' } },
      },
      'close (closed, failed)',
    ],
    [{ prompt: 'first line\nsecond' }, 'spawn (running): first line'],
    [{ prompt: 'x'.repeat(500) }, `spawn (running): ${'x'.repeat(120)}`],
  ] as const)('%j', (more, text) => {
    expect(agentsText(agentCall(more))).toBe(text);
  });
});

describe('plans', () => {
  test('steps have a sign for their state, after the explanation', () => {
    const steps = plan(
      { step: 'read', status: 'completed' },
      { step: 'write', status: 'in_progress' },
      { step: 'test', status: 'pending' },
    );
    expect(planText(steps)).toBe('  ✓ read\n  → write\n  • test');
    expect(planText({ ...steps, explanation: 'Why' })).toBe('Why\n  ✓ read\n  → write\n  • test');
    expect(planText(plan())).toBe('');
  });
});

describe('changes', () => {
  const plain = painter(false);

  test.each([
    [{ path: '/app/a.ts', kind: { type: 'add' }, diff: 'a\nb\n' }, 'A a.ts\n+a\n+b\n'],
    [{ path: '/app/a.ts', kind: { type: 'add' }, diff: '' }, 'A a.ts\n'],
    [{ path: '/app/a.ts', kind: { type: 'delete' }, diff: 'a\n' }, 'D a.ts\n'],
    [
      { path: '/app/a.ts', kind: { type: 'update', movePath: null }, diff: '@@ -1 +1 @@\n-a\n+b\n' },
      'M a.ts\n@@ -1 +1 @@\n-a\n+b\n',
    ],
    [{ path: '/app/a.ts', kind: { type: 'update', movePath: '/app/lib/b.ts' }, diff: '' }, 'R a.ts -> lib/b.ts\n'],
    [{ path: '/etc/hosts', kind: { type: 'delete' }, diff: '' }, 'D ../etc/hosts\n'],
  ] as const)('%j', (change, text) => {
    expect(changeText(change, '/app', plain)).toBe(text);
  });

  test('lines of a diff have the colours of their signs', () => {
    const change = {
      path: '/app/a',
      kind: { type: 'update', movePath: null },
      diff: '@@ -1,2 +1,2 @@\n a\n-b\n+c\n',
    } as const;
    const named: string[] = [];
    changeText(change, '/app', (style, text) => {
      named.push(`${style}: ${text}`);
      return text;
    });
    expect(named).toEqual(['cyan: @@ -1,2 +1,2 @@', 'red: -b', 'green: +c']);
  });

  test('a long diff shows its start and its end', () => {
    const diff = Array.from({ length: 500 }, (_, at) => `+line ${at}`).join('\n');
    const shown = changeText({ path: '/app/a', kind: { type: 'update', movePath: null }, diff }, '/app', plain).split(
      '\n',
    );
    expect(shown[1]).toBe('+line 0');
    expect(shown[81]).toBe('… 400 lines left out …');
    expect(shown.at(-2)).toBe('+line 499');
  });

  test('without colours a painter changes nothing, with them the text is in between', () => {
    expect(plain('red', 'x')).toBe('x');
    expect(painter(true)('red', 'x')).toBe('\u001b[31mx\u001b[39m');
  });
});

describe('output', () => {
  const limits = { head: 2, tail: 3 };
  const lines = (count: number) => Array.from({ length: count }, (_, at) => `${at + 1}\n`).join('');

  test.each([
    ['', ''],
    ['\n\n', ''],
    ['a', 'a\n'],
    ['a\n', 'a\n'],
    ['\na\n\n', '\na\n'],
    [lines(5), lines(5)],
    [lines(6), lines(6)],
    [lines(7), '1\n2\n… 2 lines left out …\n5\n6\n7\n'],
    [lines(100), '1\n2\n… 95 lines left out …\n98\n99\n100\n'],
  ])('of %j is shown %j', (text, shown) => {
    expect(headAndTail(text, limits)).toBe(shown);
  });

  test('a long line shows its start and its end, and no half characters', () => {
    expect(headAndTail('x'.repeat(600), limits)).toBe(`${'x'.repeat(600)}\n`);
    expect(headAndTail('a'.repeat(500) + 'b'.repeat(1_500), limits)).toBe(
      `${'a'.repeat(300)}… 1,400 characters left out …${'b'.repeat(300)}\n`,
    );
    expect(headAndTail(`${'a'.repeat(299)}${'👍'.repeat(500)}`, limits).isWellFormed()).toBe(true);
  });

  test('what steers a terminal has no effect, and lines end as lines', () => {
    expect(headAndTail('a\u001b[2Jb\u0007', limits)).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });

  test('every line that is shown is one of the text, in its order, or says how many are not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (count, head, tail) => {
          const shown = headAndTail(lines(count), { head, tail }).split('\n').slice(0, -1);
          const left = shown.map((line) => /^… (\d+) lines/.exec(line)?.[1]).find((found) => found !== undefined);
          expect(shown.length + (left === undefined ? 0 : Number(left) - 1)).toBe(count);
          if (left !== undefined) expect(Number(left)).toBeGreaterThan(1);
          const numbers = shown.flatMap((line) => (/^\d+$/.test(line) ? Number(line) : []));
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        },
      ),
    );
  });
});

describe('paths', () => {
  test.each([
    ['/app/src/a.ts', '/app', 'src/a.ts'],
    ['/app', '/app', '/app'],
    ['/other/a.ts', '/app', '../other/a.ts'],
    ['/a.ts', '/app', '../a.ts'],
    ['/etc/hosts', '/home/ada/app', '/etc/hosts'],
    ['/application/a', '/app', '../application/a'],
    ['relative.ts', '/app', 'relative.ts'],
    ['/home/ada/lib/x', '/home/ada/app', '../lib/x'],
  ])('%s in %s is %s', (path, cwd, shown) => {
    expect(shownPath(path, cwd)).toBe(shown);
  });
});

describe('the header', () => {
  const workspace = {
    mode: 'workspace-write',
    network_access: false,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: false,
  } as const;
  const facts = (sandboxPolicy: SandboxPolicy) => ({ version: '1', provider: 'openai', sandboxPolicy });
  const rows = (policy: SandboxPolicy = { mode: 'read-only' }, more = {}) =>
    Object.fromEntries(headerRows(threadStarted(more), facts(policy)));

  test.each<[SandboxPolicy, string]>([
    [{ mode: 'read-only' }, 'read-only (no changes; --full-auto allows them in the workdir)'],
    [{ mode: 'danger-full-access' }, 'danger-full-access (nothing is confined; --full-auto confines)'],
    [workspace, 'workspace-write [workdir, /tmp, $TMPDIR] no network (--add-dir adds)'],
    [{ ...workspace, network_access: true }, 'workspace-write [workdir, /tmp, $TMPDIR] network (--add-dir adds)'],
    [{ ...workspace, exclude_slash_tmp: true }, 'workspace-write [workdir, $TMPDIR] no network (--add-dir adds)'],
    [{ ...workspace, exclude_tmpdir_env_var: true }, 'workspace-write [workdir, /tmp] no network (--add-dir adds)'],
    [{ ...workspace, writable_roots: ['/x'] }, 'workspace-write [workdir, /tmp, $TMPDIR, 1 more] no network'],
    [{ ...workspace, writable_roots: ['/x', '/y'] }, 'workspace-write [workdir, /tmp, $TMPDIR, 2 more] no network'],
  ])('of the sandbox %j says %s', (policy, text) => {
    expect(rows(policy)['sandbox']).toBe(text);
  });

  test('names the model with its provider and its effort', () => {
    expect(rows()['model']).toBe('gpt-5 (openai)');
    expect(rows({ mode: 'read-only' }, { effort: 'high' })['model']).toBe('gpt-5 (openai, effort high)');
  });

  test('shortens the home directory, and nothing that only starts like it', () => {
    const home = userHome() ?? '';
    expect(rows({ mode: 'read-only' }, { cwd: `${home}/app` })['workdir']).toBe('~/app');
    expect(rows({ mode: 'read-only' }, { cwd: home })['workdir']).toBe('~');
    expect(rows({ mode: 'read-only' }, { cwd: `${home}-old/app` })['workdir']).toBe(`${home}-old/app`);
  });

  test('has no row wider than 80, and shows the ends of what is too long', () => {
    const cwd = `/srv/${'deep/'.repeat(40)}end`;
    for (const [label, value] of headerRows(threadStarted({ cwd, model: 'm'.repeat(200) }), facts(workspace))) {
      expect(`${label}: ${value}`.length).toBeLessThanOrEqual(80);
    }
    expect(rows({ mode: 'read-only' }, { cwd })['workdir']).toMatch(/^….*\/end$/);
  });
});
