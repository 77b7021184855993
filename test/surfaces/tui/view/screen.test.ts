import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequest, SandboxPolicy, ThreadItem } from '../../../../src/foundation/protocol/index.ts';
import { rowText, rowWidth } from '../../../../src/surfaces/text/index.ts';
import { contextLeft, dollars, elapsed } from '../../../../src/surfaces/tui/figures.ts';
import { modeLabel, nextMode, sandboxLabel } from '../../../../src/surfaces/tui/modes.ts';
import { statusLineOf, USUAL_PARTS } from '../../../../src/surfaces/tui/status-parts.ts';
import { pagerScreen } from '../../../../src/surfaces/tui/view/pager-rows.ts';
import { statusInput } from '../../../../src/surfaces/tui/view/status-input.ts';
import { statusRow } from '../../../../src/surfaces/tui/view/status-row.ts';
import { NO_MARK, view } from '../../../../src/surfaces/tui/view/view.ts';
import {
  agentCall,
  answer,
  command,
  fileChange,
  mcpCall,
  plan,
  thoughts,
  toolCall,
  usage,
  usageUpdated,
} from '../../sample-items.ts';
import { Driver, SETUP } from '../driver.ts';

describe('figures', () => {
  test.each([
    [0, '0s'],
    [-5, '0s'],
    [59_999, '59s'],
    [60_000, '1m 00s'],
    [3_599_999, '59m 59s'],
    [3_600_000, '1h 00m 00s'],
    [36_061_000, '10h 01m 01s'],
  ])('%d ms are %s', (ms, text) => {
    expect(elapsed(ms)).toBe(text);
  });

  test.each([
    [0.0042, '$0.0042'],
    [0.999, '$0.9990'],
    [1.2, '$1.20'],
    [1_234.5, '$1234.50'],
  ])('%d dollars are %s', (cost, text) => {
    expect(dollars(cost)).toBe(text);
  });

  test.each([
    [null, 0, 100],
    [12_000, 5, 0],
    [112_000, 0, 100],
    [112_000, 12_000, 100],
    [112_000, 62_000, 50],
    [112_000, 112_000, 0],
    [112_000, 900_000, 0],
  ])('of a window of %s with %i tokens %i percent are left', (window, tokens, left) => {
    expect(contextLeft({ ...usage({ total_tokens: tokens }), model_context_window: window })).toBe(left);
  });

  test('before anything is known all of the window is left', () => {
    expect(contextLeft(null)).toBe(100);
    expect(contextLeft(usage({ total_tokens: 5 }))).toBe(100);
  });
});

describe('modes', () => {
  const { settings, workspacePolicy } = SETUP;

  test('follow each other in a round, and full access is not among them', () => {
    let now = settings;
    const seen: string[] = [];
    for (let step = 0; step < 4; step += 1) {
      const next = nextMode(now, workspacePolicy);
      if (next === undefined) throw new Error('no mode');
      now = { ...now, approvalPolicy: next.approvalPolicy, sandboxPolicy: next.sandboxPolicy };
      seen.push(next.name);
      expect(modeLabel(now)).toBe(next.name);
    }
    expect(new Set(seen).size).toBe(3);
    expect(seen[3]).toBe(seen[0]);
    expect(seen).not.toContain('full access');
  });

  test('of the user’s own are named by their settings', () => {
    expect(modeLabel({ ...settings, approvalPolicy: 'never', sandboxPolicy: { mode: 'read-only' } })).toBe(
      'read-only, never',
    );
  });

  test.each<[SandboxPolicy, string]>([
    [{ mode: 'danger-full-access' }, 'no sandbox'],
    [{ mode: 'read-only' }, 'sandbox: read-only'],
    [workspacePolicy, 'sandbox: workspace'],
    [{ ...workspacePolicy, writable_roots: ['/a', '/b'] }, 'sandbox: workspace +2'],
    [{ ...workspacePolicy, network_access: true }, 'sandbox: workspace, network'],
  ])('the sandbox %j is "%s"', (sandboxPolicy, label) => {
    expect(sandboxLabel({ ...settings, sandboxPolicy })).toBe(label);
  });
});

describe('the last row', () => {
  const shown = (driver: Driver) => rowText(statusRow(driver.state)).trim();
  const withParts = (parts: readonly (typeof USUAL_PARTS)[number][], columns = 80) =>
    Driver.ready(columns, 24, { statusLine: { type: 'parts', parts } });

  test('has the parts that have room, in their order', () => {
    const driver = Driver.ready(200);
    driver.send({ type: 'branchRead', branch: 'main' });
    driver.event(usageUpdated({ ...usage({ total_tokens: 1 }), model_context_window: 200_000 }, 0.25));
    expect(shown(driver)).toMatch(
      / · sandbox: workspace · gpt-5-codex · 100% context left · \$0\.2500 · ~\/app · main · \? help$/,
    );
    driver.send({ type: 'resized', size: { columns: 30, rows: 24 } });
    expect(shown(driver)).not.toContain('context left');
    expect(shown(driver).length).toBeLessThanOrEqual(28);
  });

  test.each([
    ['model', 'gpt-5-codex'],
    ['version', 'keel 0.0.0'],
    ['directory', '~/app'],
    ['context', '100% context left'],
    ['tokens', ''],
    ['cost', ''],
    ['branch', ''],
    ['thread', ''],
    ['help', '? help'],
  ] as const)('with the part %s is "%s"', (part, text) => {
    expect(shown(withParts([part]))).toBe(text);
  });

  test('leaves out help while something is written, and has a hint in place of all', () => {
    const driver = withParts(['help']);
    driver.type('x');
    expect(shown(driver)).toBe('');
    driver.key('ctrl+c');
    expect(shown(driver)).toContain('Ctrl-C again: quit');
  });

  test('is what the user’s command printed, with its colours and without its tricks', () => {
    const driver = Driver.ready(20, 24, { statusLine: { type: 'command', command: 'x' } });
    driver.send({ type: 'statusLineRead', text: '\u001b[31mred\u001b[2J\u001b]0;t\u0007 and much more text' });
    const row = statusRow(driver.state);
    expect(row.some(({ text, style }) => text.startsWith('red') && style.role === 'danger')).toBe(true);
    expect(rowWidth(row)).toBeLessThanOrEqual(20);
    expect(rowText(row)).not.toMatch(/[\u0000-\u001f]/);
  });

  test.each([
    [null, USUAL_PARTS, 0],
    [{ type: 'parts', parts: ['model', 'mode'] }, ['model', 'mode'], 0],
    [{ type: 'parts', parts: ['nothing', 'model'] }, ['model'], 1],
    [{ type: 'parts', parts: ['constructor'] }, [], 1],
    [{ type: 'parts', parts: [] }, [], 0],
  ] as const)('as configured by %j has %j', (setting, parts, count) => {
    const { statusLine, faults } = statusLineOf(setting === null ? null : { ...setting, parts: [...setting.parts] });
    expect(statusLine).toEqual({ type: 'parts', parts });
    expect(faults).toHaveLength(count);
  });

  test('gives a command what is known', () => {
    const driver = Driver.ready();
    driver.event(
      usageUpdated(
        {
          ...usage(
            { input_tokens: 500, output_tokens: 70 },
            { input_tokens: 100, cached_input_tokens: 40, output_tokens: 7, total_tokens: 300_000 },
          ),
          model_context_window: 400_000,
        },
        1.5,
      ),
    );
    expect(statusInput(driver.state)).toMatchObject({
      session_id: 'thread-1',
      cwd: '/home/ada/app',
      model: { id: 'gpt-5-codex' },
      cost: { total_cost_usd: 1.5 },
      exceeds_200k_tokens: true,
      context_window: {
        total_input_tokens: 500,
        total_output_tokens: 70,
        context_window_size: 400_000,
        current_usage: { input_tokens: 60, cache_read_input_tokens: 40, output_tokens: 7 },
      },
    });
    expect(statusInput(new Driver().state)).toBeNull();
  });
});

const LONG = 'word 漢字 👍🏽 and-a-very-long-word-without-any-blank-in-it/'.repeat(6);
const HOSTILE = 'a\u001b[2J\u001b]0;t\u0007b\u202e\r\nc\td';
const request: ApprovalRequest = {
  ...{
    type: 'command',
    questionId: 'q',
    callId: 'call_1',
    command: ['bash', '-lc', LONG],
    cwd: '/app',
    commandActions: [],
  },
  ...{ reason: HOSTILE, escalated: false, proposedRule: { prefix: ['npm'], wouldMatch: [LONG] } },
};
const items: readonly ThreadItem[] = [
  ...[LONG, HOSTILE, '| a | b |\n|---|---|\n| 漢字 | x |\n', '```ts\nconst x = 1;\n'.repeat(3)].map((text) =>
    answer(text),
  ),
  ...[
    command({ command: LONG, aggregatedOutput: LONG }),
    command({ command: HOSTILE, aggregatedOutput: HOSTILE, exitCode: 1, status: 'failed' }),
  ],
  ...[
    command({ status: 'declined' }),
    command({ source: 'userShell' }),
    fileChange(),
    fileChange({ status: 'failed', reason: LONG }),
  ],
  ...[
    mcpCall({ arguments: { LONG } }),
    mcpCall({ error: { message: HOSTILE }, status: 'failed' }),
    toolCall({ arguments: LONG }),
  ],
  ...[
    toolCall({ status: 'failed', reason: HOSTILE }),
    agentCall({ prompt: LONG }),
    thoughts(LONG),
    plan({ step: LONG, status: 'pending' }),
  ],
  { type: 'userMessage', id: 'u', content: [{ type: 'text', text: LONG }] },
  { type: 'webSearch', id: 'w', query: HOSTILE, action: null },
  { type: 'imageView', id: 'i', path: `/app/${LONG}` },
  { type: 'exitedReviewMode', id: 'r', review: LONG, output: null },
  { type: 'undo', id: 'un', status: 'failed', message: HOSTILE },
];

type Move = (driver: Driver) => void;
const item = fc.constantFrom(...items);
const move: fc.Arbitrary<Move> = fc.oneof(
  item.map(
    (one): Move =>
      (driver) =>
        driver.item(one, 'item.started'),
  ),
  item.map(
    (one): Move =>
      (driver) =>
        driver.item(one),
  ),
  fc.constantFrom('a', LONG, '/', '@', '$', '!ls', '漢').map(
    (text): Move =>
      (driver) =>
        driver.type(text.slice(0, 60)),
  ),
  fc.constant<Move>((driver) => driver.paste(LONG.repeat(8))),
  fc.constant<Move>((driver) => driver.send({ type: 'imagePasted', path: '/app/a.png' })),
  fc.constantFrom('enter', 'escape', 'up', 'down', 'backspace', 'tab', 'pageup', 'end').map(
    (name): Move =>
      (driver) =>
        driver.key(name),
  ),
  fc.constantFrom('ctrl+c', 'ctrl+t', 'ctrl+r', 'ctrl+o', 'alt+r', 'alt+up', 'shift+tab', 'ctrl+u', 'ctrl+a').map(
    (name): Move =>
      (driver) =>
        driver.key(name),
  ),
  fc.constant<Move>((driver) => driver.turn()),
  fc.constantFrom<'completed' | 'interrupted'>('completed', 'interrupted').map(
    (how): Move =>
      (driver) =>
        driver.turnEnds(how),
  ),
  fc.constant<Move>((driver) => {
    driver.event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', agent: LONG, request });
    driver.painted();
    driver.now += 1_000;
  }),
  fc.constant<Move>((driver) => driver.send({ type: 'failed', reason: HOSTILE })),
  fc.constantFrom('/theme ', '/model ', '/help', '/status', '/keymap', '/resume ').map(
    (text): Move =>
      (driver) => {
        driver.type(text);
        driver.key('enter');
      },
  ),
  fc.constant<Move>((driver) =>
    driver.send({ type: 'diffRead', text: `--- a/x\n+++ b/${LONG}\n@@ -1 +1 @@\n-a\n+${LONG}\n` }),
  ),
  fc.tuple(fc.integer({ min: 20, max: 100 }), fc.integer({ min: 6, max: 40 })).map(
    ([columns, rows]): Move =>
      (driver) =>
        driver.send({ type: 'resized', size: { columns, rows } }),
  ),
);

test('whatever happens, in whatever window, no row is wider than it or has a control character, and the cursor is on the screen', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 25 }), (moves) => {
      const driver = Driver.ready(40, 12);
      for (const one of moves) {
        one(driver);
        const { state } = driver;
        const { frame } = view(state, NO_MARK);
        const { columns } = state.size;
        for (const row of [...frame.finished, ...frame.live]) {
          expect([rowText(row), rowWidth(row) <= columns]).toEqual([rowText(row), true]);
          expect(rowText(row)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        }
        if (frame.cursor !== null) {
          expect(frame.cursor.row).toBeLessThan(frame.live.length);
          expect(frame.cursor.column).toBeLessThan(columns);
        }
        if (state.screen?.type === 'pager') {
          const screen = pagerScreen(state, state.screen.view);
          expect(screen).toHaveLength(state.size.rows);
          for (const row of screen) expect([rowText(row), rowWidth(row) <= columns]).toEqual([rowText(row), true]);
        }
      }
    }),
    { numRuns: 25 },
  );
});
