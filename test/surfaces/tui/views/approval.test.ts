import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequest, SandboxPolicy } from '../../../../src/foundation/protocol/index.ts';
import { rowText, rowWidth } from '../../../../src/surfaces/text/index.ts';
import { choicesOf } from '../../../../src/surfaces/tui/views/approval.ts';
import { fieldAnswer, formFields } from '../../../../src/surfaces/tui/views/form.ts';
import {
  type ApprovalView,
  approvalBody,
  approvalKey,
  approvalRows,
  fieldPrompt,
  isAwake,
  openField,
} from '../../../../src/surfaces/tui/views/index.ts';

const command: ApprovalRequest = {
  type: 'command',
  questionId: 'q',
  callId: 'c',
  command: ['npm', 'test'],
  cwd: '/app',
  commandActions: [],
  reason: null,
  escalated: false,
};
const withRule: ApprovalRequest = {
  ...command,
  proposedRule: { prefix: ['npm'], wouldMatch: ['npm install', 'npm run x'] },
};
const change: ApprovalRequest = {
  type: 'fileChange',
  questionId: 'q',
  callId: 'c',
  changes: [{ path: '/app/a.ts', kind: { type: 'add' }, diff: 'new\n' }],
  reason: null,
};
const tool: ApprovalRequest = {
  ...{
    type: 'mcpToolCall',
    questionId: 'q',
    callId: 'c',
    server: 'docs',
    tool: 'write',
    arguments: { a: 1 },
    reason: null,
  },
};
const network: ApprovalRequest = {
  ...{ type: 'network', questionId: 'q', host: 'a.example', port: 443, protocol: 'https', reason: null },
};
const page: ApprovalRequest = {
  ...{
    type: 'elicitationUrl',
    questionId: 'q',
    server: 'shop',
    message: 'Pay',
    url: 'https://pay.example/x',
    reason: null,
  },
};
const question = (properties: object, required: string[] = []): ApprovalRequest => ({
  ...{ type: 'elicitation', questionId: 'q', server: 'docs', message: 'Which?', reason: null },
  requestedSchema: { type: 'object', properties, required },
});
const WORKSPACE: SandboxPolicy = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
};

function dialog(request: ApprovalRequest = command, more: Partial<ApprovalView> = {}): ApprovalView {
  return {
    request,
    agent: null,
    policy: WORKSPACE,
    cwd: '/app',
    paintedAt: 0,
    selected: 0,
    isTouched: false,
    armed: null,
    below: 0,
    denial: null,
    form: {},
    fault: null,
    ...more,
  };
}

/** The dialog after keys; text that is written is given as `+text`. The decision, if a key gave one. */
function keyed(view: ApprovalView, ...keys: string[]) {
  let now = view;
  for (const key of keys) {
    if (key.startsWith('+') && now.denial !== null) now = { ...now, denial: now.denial + key.slice(1) };
    else {
      const step = approvalKey(now, key, 5);
      if (step.type === 'answer') return step.decision;
      now = step.view;
    }
  }
  return now;
}

describe('answers', () => {
  test.each<[ApprovalRequest, string[], object]>([
    [command, ['y'], { type: 'approved' }],
    [command, ['Y'], { type: 'approved' }],
    [command, ['1'], { type: 'approved' }],
    [command, ['enter'], { type: 'approved' }],
    [command, ['a', 'a'], { type: 'approvedForSession' }],
    [command, ['2', '2'], { type: 'approvedForSession' }],
    [command, ['down', 'enter', 'enter'], { type: 'approvedForSession' }],
    [withRule, ['p', 'p'], { type: 'approvedAndRemembered' }],
    [command, ['n', 'enter'], { type: 'denied' }],
    [command, ['n', '+ use pnpm ', 'enter'], { type: 'denied', message: 'use pnpm' }],
    [command, ['escape'], { type: 'abort' }],
    [command, ['4'], { type: 'abort' }],
    [command, ['up', 'enter'], { type: 'abort' }],
    [network, ['a', 'a'], { type: 'approvedForSession' }],
    [page, ['y'], { type: 'approved' }],
    [page, ['n'], { type: 'denied' }],
    [question({}), ['y'], { type: 'approved' }],
    [question({}), ['n'], { type: 'denied' }],
    [question({}), ['escape'], { type: 'abort' }],
  ])('%j with %j is %j', (request, keys, decision) => {
    expect(keyed(dialog(request), ...keys)).toEqual(decision);
  });

  test('that are for more than once need their key twice, with nothing in between', () => {
    expect(keyed(dialog(), 'a')).toMatchObject({ armed: 'a', selected: 1 });
    expect(keyed(dialog(), 'a', 'down')).toMatchObject({ armed: null });
    expect(keyed(dialog(), 'a', 'x', 'a')).toMatchObject({ armed: 'a' });
    expect(keyed(dialog(withRule), 'a', 'p')).toMatchObject({ armed: 'p' });
    expect(keyed(dialog(withRule), 'a', 'p', 'a')).toMatchObject({ armed: 'a' });
  });

  test.each(['x', 'p', '5', '0', ' ', 'q', 'ctrl+c', 'tab', 'backspace'])('the key %s is none', (key) => {
    expect(keyed(dialog(), key)).toMatchObject({ armed: null, denial: null });
  });

  test('go round with the arrow keys', () => {
    expect(keyed(dialog(), 'up')).toMatchObject({ selected: 3, isTouched: true });
    expect(keyed(dialog(), 'down', 'down', 'down', 'down')).toMatchObject({ selected: 0 });
  });

  test('of a denial can be taken back and corrected before they are sent', () => {
    expect(keyed(dialog(), 'n', '+no', 'escape')).toMatchObject({ denial: null });
    expect(keyed(dialog(), 'n', '+x👍', 'backspace')).toMatchObject({ denial: 'x' });
    expect(keyed(dialog(), 'n', 'backspace')).toMatchObject({ denial: '' });
    expect(keyed(dialog(), 'n', 'up', 'down', 'a')).toMatchObject({ denial: '' });
  });

  test.each([
    [command, 'y a n escape'],
    [withRule, 'y a p n escape'],
    [change, 'y a n escape'],
    [tool, 'y a n escape'],
    [network, 'y a n escape'],
    [{ ...network, proposedRule: { host: 'a', protocol: 'https', wouldMatch: [] } }, 'y a p n escape'],
    [page, 'y n escape'],
    [question({}), 'y n escape'],
  ] satisfies [ApprovalRequest, string][])('of %j are %s', (request, keys) => {
    const choices = choicesOf({ request, form: {} });
    expect(choices.map(({ key }) => key).join(' ')).toBe(keys);
    expect(choices.filter(({ isLasting }) => isLasting).every(({ key }) => key === 'a' || key === 'p')).toBe(true);
  });

  test('whatever is pressed, a lasting yes came from its own key or Enter, twice', () => {
    const key = fc.constantFrom('y', 'n', 'up', 'down', 'a', 'p', '1', '2', '3', 'x', 'pageup', 'backspace');
    fc.assert(
      fc.property(fc.array(key, { maxLength: 12 }), (keys) => {
        let view = dialog(withRule);
        for (const one of keys) {
          const step = approvalKey(view, one, 5);
          if (step.type === 'answer') {
            const isLasting =
              step.decision.type === 'approvedForSession' || step.decision.type === 'approvedAndRemembered';
            if (isLasting) expect(view.armed).not.toBeNull();
            return;
          }
          view = step.view;
          expect(view.selected).toBeLessThan(5);
          expect(view.below).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe('a dialog rests', () => {
  test.each([
    [null, 1_000, 0, false],
    [1_000, 1_000, 0, false],
    [1_000, 1_349, 0, false],
    [1_000, 1_350, 0, true],
    [1_000, 2_000, 1_900, false],
    [1_000, 2_250, 1_900, true],
    [1_000, 2_000, Number.NEGATIVE_INFINITY, true],
  ])('painted at %s, key at %d, last key at %d: %s', (paintedAt, at, lastKeyAt, awake) => {
    expect(isAwake(dialog(command, { paintedAt }), at, lastKeyAt)).toBe(awake);
  });
});

describe('rows of a question', () => {
  const text = (view: ApprovalView, waiting = 1, width = 70, height = 40) =>
    approvalRows(view, waiting, width, height)
      .map((row) => rowText(row).trimEnd())
      .join('\n');

  test('say what would run, where and what it could touch', () => {
    expect(text(dialog({ ...command, reason: 'It needs the network.' }))).toBe(
      [
        'Run this command?',
        'npm test',
        'why          It needs the network.',
        'in           /app',
        'could touch  files in /app, /tmp; no network',
        '',
        '› 1. Yes, this once (y)',
        '  2. Yes, and the same command for the rest of this session (a)',
        '  3. No, and say what to do instead (n)',
        '  4. No, and stop the turn (Esc)',
      ].join('\n'),
    );
  });

  test.each<[ApprovalRequest, Partial<ApprovalView>, string]>([
    [command, { policy: { mode: 'read-only' } }, 'could touch  no files, no network'],
    [command, { policy: { mode: 'danger-full-access' } }, 'could touch  everything that you can'],
    [{ ...command, escalated: true }, {}, 'could touch  everything that you can'],
    [
      command,
      { policy: { ...WORKSPACE, network_access: true, writable_roots: ['/x'], exclude_slash_tmp: true } },
      'could touch  files in /app, /x; the network',
    ],
    [withRule, {}, 'p allows     npm install, npm run x'],
    [change, {}, '1 + new'],
    [tool, {}, 'docs.write\n{\n  "a": 1\n}'],
    [network, {}, 'a.example:443 (https)'],
    [page, {}, 'host         pay.example'],
    [page, {}, 'https://pay.example/x'],
    [question({ name: { title: 'Your name' }, age: {} }, ['name']), {}, '- Your name\n- age (optional)'],
    [command, { agent: 'tests' }, 'Run this command? (asked by the subagent: tests)'],
    [command, { armed: 'a', selected: 1 }, '› 2. Yes, and the same command for the rest of this session (a again'],
    [
      command,
      { denial: 'use pnpm' },
      'What should it do instead? Enter sends, also nothing; Esc goes back.\n› use pnpm',
    ],
    [
      question({ age: { type: 'integer' } }),
      { denial: 'x', fault: 'it must be a integer' },
      'it must be a integer\n› x',
    ],
  ])('of %j with %j have %j', (request, more, expected) => {
    expect(text(dialog(request, more), 1, 90)).toContain(expected);
  });

  test('count the questions that wait behind it', () => {
    expect(text(dialog(), 2)).toContain('· 1 more question waits');
    expect(text(dialog(), 3)).toContain('· 2 more questions wait');
  });

  test.each([
    [['/bin/bash', '-lc', 'rm -rf x && ls'], 'rm -rf x && ls'],
    [['bash', '-c', "echo 'a b'"], "echo 'a b'"],
    [['rm', 'a b'], "rm 'a b'"],
    [['echo', "it's"], "echo 'it'\\''s'"],
    [['echo', ''], "echo ''"],
    [['python', '-c', 'print(1)'], "python -c 'print(1)'"],
  ])('show the words %j as %s', (words, shown) => {
    expect(text(dialog({ ...command, command: words }))).toContain(`\n${shown}\n`);
  });

  test('name what can’t be seen, and steer nothing', () => {
    const shown = text(
      dialog({ ...command, command: ['bash', '-c', 'ls \u202egpj.x\u001b[2J'], reason: 'a\u001b[31mb' }),
    );
    expect(shown).toContain('<U+202E>');
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test('show the end of a long body first, and count what is above and below', () => {
    const long = dialog({
      ...command,
      command: ['bash', '-c', Array.from({ length: 90 }, (_, at) => `line ${at}`).join('\n')],
    });
    const end = text(long, 1, 70, 20);
    expect(end).toContain('line 89');
    expect(end).toMatch(/↑ \d+ more rows/);
    expect(end).not.toContain('↓');
    const up = text({ ...long, below: 30 }, 1, 70, 20);
    expect(up).toContain('line 59');
    expect(up).toContain('↓ 30 more rows');
    const top = text({ ...long, below: 9_999 }, 1, 70, 20);
    expect(top).toContain('line 0\n');
    expect(top).not.toContain('↑');
    expect(approvalBody(long, 70).map(rowText).join('\n')).toContain('line 0\nline 1\n');
  });

  test('are never wider than the window', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(words, fc.integer({ min: 20, max: 120 }), fc.integer({ min: 8, max: 40 }), (own, width, height) => {
        const view = dialog({ ...withRule, command: own, reason: own.join(' ') }, { agent: own[0] ?? null });
        for (const row of approvalRows(view, 2, width, height)) expect(rowWidth(row)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('a form', () => {
  const answered = (request: ApprovalRequest, ...keys: string[]) => keyed(dialog(request), 'y', ...keys);

  test('asks for one field after another, and its answer has all of them', () => {
    const form = question({ name: { type: 'string' }, age: { type: 'integer' }, ok: { type: 'boolean' } }, [
      'name',
      'ok',
    ]);
    expect(answered(form, '+Ada', 'enter', '+36', 'enter', '+yes', 'enter')).toEqual({
      type: 'approved',
      content: { name: 'Ada', age: 36, ok: true },
    });
  });

  test('leaves out what was passed over, and takes the default of what was left empty', () => {
    const form = question({ name: { type: 'string' }, size: { type: 'number', default: 3 } });
    expect(answered(form, 'enter', 'enter')).toEqual({ type: 'approved', content: { size: 3 } });
  });

  test('says what is wrong with an answer, and asks again', () => {
    const form = question({ age: { type: 'integer' } }, ['age']);
    expect(answered(form, '+x', 'enter')).toMatchObject({ fault: 'it must be a integer', denial: 'x' });
    expect(answered(form, 'enter')).toMatchObject({ fault: 'an answer is needed' });
  });

  test('has one field open at a time', () => {
    const view = dialog(question({ a: {}, b: {} }));
    expect(openField(view)?.name).toBe('a');
    expect(openField({ ...view, form: { a: null } })?.name).toBe('b');
    expect(openField({ ...view, form: { a: null, b: 'x' } })).toBeNull();
    expect(openField(dialog(command))).toBeNull();
  });

  test('may have a field of any name', () => {
    const form = question({ constructor: { type: 'string' }, toString: { type: 'string' } });
    expect(answered(form, '+a', 'enter', '+b', 'enter')).toEqual({
      type: 'approved',
      content: { constructor: 'a', toString: 'b' },
    });
  });

  test.each([
    [{ type: 'string' }, { kind: 'text', choices: null, fallback: null }],
    [
      { type: 'string', enum: ['a', 'b'] },
      { kind: 'text', choices: ['a', 'b'] },
    ],
    [{ type: 'string', oneOf: [{ const: 'a', title: 'A' }] }, { choices: ['a'] }],
    [
      { type: 'array', items: { enum: ['a'] } },
      { kind: 'list', choices: ['a'] },
    ],
    [
      { type: 'array', items: { anyOf: [{ const: 'a' }] } },
      { kind: 'list', choices: ['a'] },
    ],
    [
      { type: 'boolean', default: false },
      { kind: 'boolean', fallback: false },
    ],
    [{ type: 'object' }, { kind: 'text' }],
    [
      { type: 7, title: 8, enum: 'no', default: {} },
      { kind: 'text', title: 'field', choices: null, fallback: null },
    ],
    [
      { title: 'T', description: 'D' },
      { title: 'T', description: 'D' },
    ],
  ])('reads the field %j', (property, field) => {
    expect(formFields({ properties: { field: property } })).toMatchObject([{ name: 'field', ...field }]);
  });

  test.each([null, undefined, 7, 'x', [], {}, { properties: null }, { properties: [] }])(
    '%j has no fields',
    (schema) => {
      expect(formFields(schema)).toEqual([]);
    },
  );

  const field = {
    name: 'f',
    title: 'F',
    description: null,
    kind: 'text',
    choices: null,
    fallback: null,
    isRequired: false,
  } as const;
  test.each([
    [{}, 'x y', { type: 'value', value: 'x y' }],
    [{}, ' ', { type: 'skipped' }],
    [{ isRequired: true }, '', { type: 'wrong', message: 'an answer is needed' }],
    [{ isRequired: true, fallback: 'd' }, '', { type: 'value', value: 'd' }],
    [{ kind: 'boolean' }, 'Y', { type: 'value', value: true }],
    [{ kind: 'boolean' }, 'false', { type: 'value', value: false }],
    [{ kind: 'boolean' }, 'maybe', { type: 'wrong', message: 'answer yes or no' }],
    [{ kind: 'number' }, '1.5', { type: 'value', value: 1.5 }],
    [{ kind: 'number' }, '-2', { type: 'value', value: -2 }],
    [{ kind: 'number' }, 'NaN', { type: 'wrong', message: 'it must be a number' }],
    [{ kind: 'number' }, 'Infinity', { type: 'wrong', message: 'it must be a number' }],
    [{ kind: 'integer' }, '1.5', { type: 'wrong', message: 'it must be a integer' }],
    [{ choices: ['red', 'blue'] }, 'blue', { type: 'value', value: 'blue' }],
    [{ choices: ['red', 'blue'] }, '2', { type: 'value', value: 'blue' }],
    [{ choices: ['2', '1'] }, '1', { type: 'value', value: '1' }],
    [{ choices: ['red', 'blue'] }, '3', { type: 'wrong', message: 'choose of red, blue' }],
    [{ choices: ['red', 'blue'] }, '0', { type: 'wrong', message: 'choose of red, blue' }],
    [{ kind: 'list' }, 'a, b', { type: 'value', value: ['a', 'b'] }],
    [{ kind: 'list', choices: ['a', 'b'] }, '1,2', { type: 'value', value: ['a', 'b'] }],
    [{ kind: 'list', choices: ['a', 'b'] }, 'a,c', { type: 'wrong', message: 'choose of a, b' }],
  ] as const)('a field with %j takes %j as %j', (more, typed, answer) => {
    expect(fieldAnswer({ ...field, ...more }, typed)).toEqual(answer);
  });

  test.each([
    [{}, 'F (empty: none). Enter: next; Esc: back.'],
    [{ isRequired: true }, 'F. Enter: next; Esc: back.'],
    [{ description: 'Your colour.' }, 'F: Your colour (empty: none). Enter: next; Esc: back.'],
    [{ kind: 'boolean', isRequired: true }, 'F (yes or no). Enter: next; Esc: back.'],
    [{ choices: ['red', 'blue'], fallback: 'red' }, 'F (1 red, 2 blue; empty: red). Enter: next; Esc: back.'],
    [{ title: 'Why\u202e?', isRequired: true }, 'Why<U+202E>. Enter: next; Esc: back.'],
  ] as const)('a field with %j asks: %s', (more, text) => {
    expect(fieldPrompt({ ...field, ...more })).toBe(text);
  });
});
