import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FileUpdate } from '../../../src/foundation/protocol/index.ts';
import { contextBlock } from '../../../src/surfaces/export/context-block.ts';
import { barChart } from '../../../src/surfaces/export/html/chart.ts';
import { escapeHtml, folded, pre } from '../../../src/surfaces/export/html/html-text.ts';
import { safeMarkdown } from '../../../src/surfaces/export/html/safe-markdown.ts';
import {
  agentTexts,
  changeLabel,
  changeVerb,
  decisionLabel,
  diffLines,
  endLabel,
} from '../../../src/surfaces/export/labels.ts';
import { dollars, shortCount } from '../../../src/surfaces/export/prices.ts';
import { shownOutput, visible } from '../../../src/surfaces/export/shown-text.ts';
import { duration, milliseconds } from '../../../src/surfaces/export/times.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';
import { agentCall, command } from '../sample-items.ts';

describe('figures', () => {
  test.each([
    [0, '0 ms'],
    [12.4, '12 ms'],
    [999, '999 ms'],
    [999.7, '1.0 s'],
    [1_000, '1.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 0 s'],
    [60_000, '1 min 0 s'],
    [119_600, '2 min 0 s'],
    [90_400, '1 min 30 s'],
    [3_599_400, '59 min 59 s'],
    [3_600_000, '1 h 0 min'],
    [5_430_000, '1 h 30 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(milliseconds(ms)).toBe(text);
  });

  test('no number is as large as the next unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 20_000_000, noNaN: true }), (ms) => {
        const text = milliseconds(ms);
        for (const [, count, unit] of text.matchAll(/([\d.]+) (ms|s|min)\b/g)) {
          expect(Number(count)).toBeLessThan(unit === 'ms' ? 1_000 : 60);
        }
      }),
    );
  });

  test.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:02Z', '2.0 s'],
    ['2026-01-01T00:00:00Z', null, ''],
    [null, '2026-01-01T00:00:00Z', ''],
    ['2026-01-01T00:00:02Z', '2026-01-01T00:00:00Z', ''],
    ['no time', 'no time', ''],
  ])('from %s to %s it is "%s"', (from, to, text) => {
    expect(duration(from, to)).toBe(text);
  });

  test.each([
    [0, '0'],
    [950, '950'],
    [1_000, '1k'],
    [12_345, '12.3k'],
    [999_499, '999.5k'],
    [999_500, '1M'],
    [4_560_000, '4.56M'],
    [10_000_000, '10M'],
  ])('%i tokens are %s', (count, text) => {
    expect(shortCount(count)).toBe(text);
  });

  test.each([
    [0, '$0'],
    [0.00004, '$0.0000'],
    [0.1234, '$0.1234'],
    [1, '$1.00'],
    [12.345, '$12.35'],
  ])('%d dollars are %s', (cost, text) => {
    expect(dollars(cost)).toBe(text);
  });
});

describe('labels', () => {
  test.each([
    [{}, 'exit 0 · 250 ms'],
    [{ status: 'declined', exitCode: -1, durationMs: null }, 'declined, not run'],
    [{ status: 'inProgress', exitCode: null, durationMs: null }, 'still running'],
    [{ status: 'failed', exitCode: -1 }, 'stopped · 250 ms'],
    [{ status: 'failed', reason: 'timed out after 10 s' }, 'timed out after 10 s · 250 ms'],
    [{ source: 'userShell' }, 'exit 0 · 250 ms · by the user'],
  ] as const)('a command with %j is "%s"', (more, text) => {
    expect(endLabel(command(more))).toBe(text);
  });

  test.each([
    [{ type: 'approved' }, 'The user allowed it.'],
    [{ type: 'approvedForSession' }, 'The user allowed it for the session.'],
    [{ type: 'approvedAndRemembered' }, 'The user allowed it permanently.'],
    [{ type: 'denied' }, 'The user denied it.'],
    [{ type: 'denied', message: 'use pnpm' }, 'The user denied it: use pnpm'],
    [{ type: 'abort' }, 'The user stopped the turn.'],
  ] as const)('the answer %j is "%s"', (decision, text) => {
    expect(decisionLabel(decision)).toBe(text);
  });

  const update = (kind: FileUpdate['kind'], diff = ''): FileUpdate => ({ path: '/a', kind, diff });

  test.each([
    [update({ type: 'add' }, 'x\ny\n'), 'Added', '/a', ['+x', '+y']],
    [update({ type: 'delete' }, 'x\n'), 'Deleted', '/a', ['-x']],
    [update({ type: 'update', movePath: null }, '@@ -1 +1 @@\n-x\n+y\n'), 'Changed', '/a', ['@@ -1 +1 @@', '-x', '+y']],
    [update({ type: 'update', movePath: '/b' }), 'Changed', '/a → /b', ['']],
    [update({ type: 'add' }, '@@ -0,0 +1 @@\n+x\n'), 'Added', '/a', ['@@ -0,0 +1 @@', '+x']],
  ])('the change %j', (change, verb, label, lines) => {
    expect([changeVerb(change), changeLabel(change), diffLines(change)]).toEqual([verb, label, lines]);
  });

  test('of subagents have their task and their last words, or else what the model was given', () => {
    const done = {
      a: { status: 'completed' as const, message: 'all green' },
      b: { status: 'running' as const, message: null },
    };
    expect(agentTexts(agentCall({ tool: 'wait', prompt: null, agentsStates: done }), 'x')).toEqual({
      name: 'Waited for subagents',
      task: '',
      answer: 'a: completed\nall green\n\nb: running',
    });
    expect(agentTexts(agentCall({ agentsStates: {} }), 'given').answer).toBe('given');
    expect(agentTexts(agentCall({ agentsStates: {} }), null).answer).toBe('');
  });
});

describe('messages that no person wrote', () => {
  test.each([
    ['<environment_context>\nx</environment_context>', 'Environment', true],
    ['<user_instructions>x', 'Instructions of the user and the project', true],
    [' \n<skills>x', 'Skills', true],
    ['<SKILLS>x', 'Skills', true],
    ['<user_shell_command>ls', 'Command of the user', false],
    ['<unknown_tag>x', 'Context', true],
    ['<constructor>x', 'Context', true],
    ['no tag', 'Context', true],
    ['', 'Context', true],
  ])('%j is "%s", folded: %s', (text, title, isFolded) => {
    expect(contextBlock(text)).toEqual({ type: 'context', title, text, isFolded, result: null });
  });

  const action = (results: string) => `<user_action>\n<action>review</action>\n${results}\n</user_action>`;
  test.each([
    [action('<results>\nfine\n</results>'), 'Review', 'fine'],
    [action('<results></results>'), 'Review', ''],
    [action('<results>a</results><results>b</results>'), 'Review', 'a</results><results>b'],
    [action('<results>a'), 'Review', null],
    [action('a</results>'), 'Review', null],
    [action('</results><results>'), 'Review', null],
    [`${action('<results>a</results>')} more`, 'Review', null],
    ['<user_action>x', 'Action', null],
  ])('the action %j is "%s" with the result %j', (text, title, result) => {
    expect(contextBlock(text)).toMatchObject({ title, result, isFolded: false });
  });
});

describe('text', () => {
  test.each([
    ['plain\ttext\n', 'plain\ttext\n'],
    ['a\u0000b', 'a\u2400b'],
    ['bell\u0007', 'bell\u2407'],
    ['a\r\nb', 'a\nb'],
    ['a\rb', 'a\u240db'],
    ['\u001b[31m', '\u241b[31m'],
    ['\u007f\u0085', '\u2421\u2421'],
    ['\ud800', '\ufffd'],
  ])('%j is shown as %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test('of a program has no sequences, and only its start and end where it is long', () => {
    expect(shownOutput('\u001b[31mred\u001b[0m')).toBe('red');
    expect(shownOutput('x'.repeat(20_000))).toHaveLength(20_000);
    const shown = shownOutput(`${'a'.repeat(15_000)}${'b'.repeat(15_000)}`);
    expect(shown).toContain('[10,000 characters left out here; the record has them]');
    expect(shown.startsWith('a'.repeat(12_000))).toBe(true);
    expect(shown.endsWith('b'.repeat(8_000))).toBe(true);
    expect(shownOutput('👍'.repeat(20_001)).isWellFormed()).toBe(true);
  });

  test('is no markup in a page, whatever is in it', () => {
    expect(escapeHtml(`<b a="1" c='2'>&`)).toBe('&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;');
    expect(pre('</pre><script>')).toBe('<pre>&lt;/pre&gt;&lt;script&gt;</pre>');
    expect(folded('item', 'a', 'b')).toBe('<details class="item"><summary>a</summary>b</details>\n');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"'\u0000-\u0008]|&(?!amp;|lt;|gt;|quot;|#39;)/);
      }),
    );
  });
});

describe('Markdown in a page', () => {
  test.each([
    ['**b** *i* `c`', '<p><strong>b</strong> <em>i</em> <code>c</code></p>\n'],
    ['# T', '<h4>T</h4>\n'],
    ['###### T', '<h6>T</h6>\n'],
    ['```js\n<b>\n```', '<pre><code>&lt;b&gt;</code></pre>\n'],
    ['<b>x</b>', '<p>&lt;b&gt;x&lt;/b&gt;</p>\n'],
    ['<script>alert(1)</script>', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n'],
    ['[a](javascript:alert(1))', '<p>a</p>\n'],
    ['[a](JaVaScRiPt:x)', '<p>a</p>\n'],
    ['[a](data:text/html,x)', '<p>a</p>\n'],
    ['[a](https://e.example)', '<p><a href="https://e.example" rel="noopener noreferrer nofollow">a</a></p>\n'],
    ['![alt](https://e.example/a.png)', '<p><span class="image">[image: alt]</span></p>\n'],
    ['![](x" onerror="y)', null],
    ['`<img src=x>`', '<p><code>&lt;img src=x&gt;</code></p>\n'],
  ])('%j', (text, html) => {
    const made = safeMarkdown(text);
    if (html !== null) expect(made).toBe(html);
    const tags = (made.match(/<[^>]*>/g) ?? []).join('');
    expect(tags).not.toMatch(/<(?:script|img|iframe|object|style|link)\b|\son\w+=/i);
  });

  test('that would take long to read is plain text', () => {
    for (const text of ['x'.repeat(60_001), '> '.repeat(30), '*a'.repeat(2_000), `http://${'a'.repeat(5_000)}`]) {
      expect(cpuSeconds(() => expect(safeMarkdown(text)).toMatch(/^<div class="plain">/))).toBeLessThan(1);
    }
  });

  test('never has tags or attributes of the text, whatever is in it', () => {
    const part = fc.constantFrom(
      ...[
        '<',
        '>',
        '"',
        "'",
        '&',
        '<script>',
        '](',
        '[a',
        '![',
        'javascript:',
        '`',
        '```\n',
        '**',
        '\n',
        '|',
        '<a href=',
        'onclick=',
        'x',
        ' ',
      ],
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 25 }), (parts) => {
        const html = safeMarkdown(parts.join(''));
        for (const [, tag = '', attributes = ''] of html.matchAll(/<\/?([a-z0-9]+)([^>]*)>/gi)) {
          expect(tag).toMatch(
            /^(?:p|h[4-6]|strong|em|del|code|pre|ul|ol|li|blockquote|hr|br|table|thead|tbody|tr|th|td|a|span|div)$/,
          );
          expect(attributes).not.toMatch(/\bon\w+=|javascript:/i);
        }
      }),
    );
  });
});

describe('a chart', () => {
  const keys = [
    { name: 'a', className: 's1' },
    { name: 'b', className: 's2' },
  ];
  const bar = (label: string, ...parts: number[]) => ({ label, tip: label, href: '#x', parts });
  const chart = (...bars: ReturnType<typeof bar>[]) => barChart({ title: 'T', note: 'N', keys, bars, format: String });
  const heights = (svg: string) =>
    [...svg.matchAll(/<rect[^>]* height="([\d.]+)"/g)].map(([, height]) => Number(height));
  const marks = (svg: string) => [...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, text]) => text);

  test.each([
    [[1], ['0', '0.5', '1']],
    [[3], ['0', '2.5', '5']],
    [
      [2, 0.4],
      ['0', '1.25', '2.5'],
    ],
    [[70], ['0', '50', '100']],
    [[1_200], ['0', '1000', '2000']],
    [[0], ['0', '0', '0']],
  ])('of %j has the marks %j', (parts, expected) => {
    expect(marks(chart(bar('x', ...parts)))).toEqual(expected);
  });

  test('has bars in proportion to their values, and none for nothing', () => {
    const [first = 0, second = 0, ...others] = heights(chart(bar('x', 10), bar('y', 5), bar('z', 0)));
    expect(others).toEqual([]);
    expect(first / second).toBeCloseTo(2);
  });

  test('stacks the parts of a bar, each in its colour', () => {
    const svg = chart(bar('x', 6, 4));
    expect(heights(svg).reduce((sum, one) => sum + one, 0)).toBeCloseTo(140);
    expect([...svg.matchAll(/<rect class="(\w+)"/g)].map(([, name]) => name)).toEqual(['s1', 's2']);
  });

  test('names some of many bars, and has all of them', () => {
    const svg = chart(...Array.from({ length: 100 }, (_, at) => bar(`n${at}`, 1)));
    expect(heights(svg)).toHaveLength(100);
    expect([...svg.matchAll(/text-anchor="middle"/g)].length).toBeLessThanOrEqual(16);
  });

  test('is one without bars, and has no markup of its labels', () => {
    expect(chart()).toContain('<svg');
    expect(chart(bar('<script>"', 1))).not.toContain('<script>');
  });
});
