import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CommandAction, ThreadItem } from '../../../../src/foundation/protocol/index.ts';
import { rowText } from '../../../../src/surfaces/text/index.ts';
import { strippedCommand, withoutMiddle } from '../../../../src/surfaces/tui/transcript/command-rows.ts';
import {
  abandoned,
  closedGroups,
  EMPTY_TRANSCRIPT,
  type Entry,
  entryRows,
  INTERRUPTED,
  KEPT_ENTRIES,
  type Transcript,
  withDelta,
  withEntry,
  withItem,
  withoutOld,
} from '../../../../src/surfaces/tui/transcript/index.ts';
import { answer, command, fileChange, mcpCall, plan, thoughts, toolCall } from '../../sample-items.ts';

const open = { isDone: false, at: 0 };
const done = { isDone: true, at: 0 };
const reads: CommandAction[] = [{ type: 'read', command: 'cat a', name: 'a.ts', path: 'a.ts' }];
const looking = (id: string, more: Parameters<typeof command>[0] = {}) =>
  command({ id, commandActions: reads, ...more });

/** Each entry as its kind and what it is of. */
function names(entries: readonly Entry[]): string[] {
  return entries.map((entry) => {
    if (entry.type === 'item') return `${entry.item.id}${entry.isDone ? '' : ' (open)'}`;
    if (entry.type === 'explored') return `explored ${entry.commands.map(({ id }) => id).join('+')}`;
    return entry.type === 'notice' ? entry.text : entry.type;
  });
}
const shown = ({ past, open: rest }: Transcript) => [names(past), names(rest)];
const shape = { width: 60, isFull: false, cwd: '/app', asked: [] as readonly string[] };
const rows = (entry: Entry, more: Partial<typeof shape> = {}) =>
  entryRows(entry, { ...shape, ...more }).map((row) => rowText(row).trimEnd());
const itemRows = (item: ThreadItem, more: Partial<typeof shape> = {}, isDone = true, live = '') =>
  rows({ type: 'item', item, isDone, live, startedAt: null }, more);

describe('entries', () => {
  test('are past once they and all before them are done', () => {
    let now = withItem(EMPTY_TRANSCRIPT, command({ id: 'a' }), open);
    now = withItem(now, command({ id: 'b' }), open);
    now = withItem(now, command({ id: 'b' }), done);
    expect(shown(now)).toEqual([[], ['a (open)', 'b']]);
    now = withItem(now, command({ id: 'a' }), done);
    expect(shown(now)).toEqual([['a', 'b'], []]);
  });

  test('of keel’s own wait behind what runs', () => {
    const now = withEntry(withItem(EMPTY_TRANSCRIPT, command({ id: 'a' }), open), INTERRUPTED);
    expect(shown(now)).toEqual([[], ['a (open)', INTERRUPTED.text]]);
    expect(shown(withEntry(EMPTY_TRANSCRIPT, INTERRUPTED))).toEqual([[INTERRUPTED.text], []]);
  });

  test('that only look are one, until something else comes', () => {
    let now = withItem(EMPTY_TRANSCRIPT, looking('a'), done);
    now = withItem(now, toolCall({ id: 'b' }), done);
    expect(shown(now)).toEqual([[], ['explored a+b']]);
    now = withItem(now, answer('x', { id: 'm' }), open);
    expect(shown(now)).toEqual([['explored a+b'], ['m (open)']]);
    now = withItem(now, looking('c'), done);
    expect(shown(now)).toEqual([['explored a+b'], ['m (open)', 'explored c']]);
  });

  test('that look and were refused, or that the user ran, are commands', () => {
    const others: Parameters<typeof command>[0][] = [
      { status: 'declined' },
      { source: 'userShell' },
      { commandActions: [] },
    ];
    for (const more of others) {
      expect(names(withItem(EMPTY_TRANSCRIPT, looking('a', more), done).past)).toEqual(['a']);
    }
    const mixed: CommandAction[] = [...reads, { type: 'unknown', command: 'make' }];
    expect(names(withItem(EMPTY_TRANSCRIPT, looking('a', { commandActions: mixed }), done).past)).toEqual(['a']);
  });

  test('that look close with the end of the turn', () => {
    const now = withItem(EMPTY_TRANSCRIPT, looking('a'), done);
    expect(shown(closedGroups(now))).toEqual([['explored a'], []]);
    const running = withItem(EMPTY_TRANSCRIPT, looking('a', { status: 'inProgress' }), open);
    expect(shown(closedGroups(running))).toEqual([[], ['explored a']]);
    expect(shown(withItem(closedGroups(running), looking('a'), done))).toEqual([['explored a'], []]);
  });

  test('that nobody completes have what was seen of them', () => {
    let now = withDelta(withItem(EMPTY_TRANSCRIPT, answer('', { id: 'm' }), open), 'm', 'Half of');
    now = withItem(now, command({ id: 'a', status: 'inProgress', aggregatedOutput: null, exitCode: null }), open);
    now = withItem(withDelta(now, 'a', 'line 1\n'), looking('b', { status: 'inProgress' }), open);
    const ended = abandoned(now);
    expect(shown(ended)).toEqual([['m', 'a', 'explored b'], []]);
    expect(ended.past).toMatchObject([
      { item: { text: 'Half of', interrupted: true } },
      { item: { status: 'interrupted', aggregatedOutput: 'line 1\n' } },
      { commands: [{ status: 'interrupted' }] },
    ]);
  });

  test('take live text while they are open, and no other', () => {
    const now = withItem(EMPTY_TRANSCRIPT, answer('', { id: 'm' }), open);
    const grown = withDelta(withDelta(now, 'm', 'a'), 'm', 'b');
    expect(grown.open).toMatchObject([{ live: 'ab' }]);
    expect(withDelta(now, 'nobody', 'x')).toBe(now);
    const ended = withItem(grown, answer('ab', { id: 'm' }), done);
    expect(withDelta(ended, 'm', 'c')).toBe(ended);
  });

  test('keep the newest part of what a command prints, and both ends of its whole output', () => {
    const now = withItem(EMPTY_TRANSCRIPT, command({ id: 'a', status: 'inProgress', aggregatedOutput: null }), open);
    const printed = withDelta(withDelta(now, 'a', 'x'.repeat(70_000)), 'a', 'end');
    const [entry] = printed.open;
    expect(entry?.type === 'item' ? [entry.live.length, entry.live.endsWith('end')] : null).toEqual([65_536, true]);
    const long = `start${'x'.repeat(100_000)}end`;
    const [kept] = withItem(EMPTY_TRANSCRIPT, command({ aggregatedOutput: long }), done).past;
    const output =
      kept?.type === 'item' && kept.item.type === 'commandExecution' ? (kept.item.aggregatedOutput ?? '') : '';
    expect(output).toMatch(/^start[\s\S]*characters are left out here[\s\S]*end$/);
    expect(output.length).toBeLessThan(66_000);
  });

  test('that are in the scrollback go, but for the newest', () => {
    const past = Array.from({ length: KEPT_ENTRIES + 10 }, () => INTERRUPTED);
    const full: Transcript = { gone: 5, past, open: [] };
    expect(withoutOld(full, KEPT_ENTRIES + 15)).toMatchObject({ gone: 15, past: { length: KEPT_ENTRIES } });
    expect(withoutOld(full, KEPT_ENTRIES + 5)).toBe(full);
    expect(withoutOld(full, 0)).toBe(full);
  });
});

const step = fc.record({
  item: fc.constantFrom<ThreadItem>(
    ...[command({ id: 'a' }), looking('b'), looking('c', { status: 'inProgress' }), toolCall({ id: 'd' })],
    ...[answer('x', { id: 'e' }), fileChange({ id: 'f' }), mcpCall({ id: 'g' }), thoughts('x'), plan()],
  ),
  does: fc.constantFrom('open', 'done', 'delta', 'notice', 'closed', 'abandoned'),
});

test('whatever happens, the past never changes, and no item is shown twice at a time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let now = EMPTY_TRANSCRIPT;
      for (const { item, does } of steps) {
        const before = now;
        if (does === 'open') now = withItem(now, item, open);
        if (does === 'done') now = withItem(now, item, done);
        if (does === 'delta') now = withDelta(now, item.id, 'x');
        if (does === 'notice') now = withEntry(now, INTERRUPTED);
        if (does === 'closed') now = closedGroups(now);
        if (does === 'abandoned') now = abandoned(now);
        expect(now.past.slice(0, before.past.length)).toEqual(before.past);
        const ids = now.open.flatMap((entry) =>
          entry.type === 'item' ? entry.item.id : entry.type === 'explored' ? entry.commands.map(({ id }) => id) : [],
        );
        expect(new Set(ids).size).toBe(ids.length);
      }
      expect(abandoned(now).open).toEqual([]);
    }),
  );
});

describe('commands in rows', () => {
  test.each([
    ['/bin/bash -lc "npm test"', 'npm test'],
    ["bash -lc 'npm test'", 'npm test'],
    ['sh -c ls', 'ls'],
    ['/usr/bin/zsh -lc "a b"', 'a b'],
    ['npm test', 'npm test'],
    ['bash script.sh', 'bash script.sh'],
    ['fish -c ls', 'fish -c ls'],
  ])('%s is known as %s', (text, name) => {
    expect(strippedCommand(text)).toBe(name);
  });

  test.each([
    [{}, true, '• Ran npm test'],
    [{ status: 'failed', exitCode: 1 }, true, '• Ran npm test'],
    [{ status: 'declined' }, true, '• Not allowed: npm test'],
    [{ status: 'interrupted' }, true, '• Interrupted: npm test'],
    [{ source: 'userShell' }, true, '• You ran npm test'],
    [{ status: 'inProgress' }, false, '• Running npm test'],
    [{ status: 'inProgress', source: 'userShell' }, false, '• You run npm test'],
    [{ exitCode: null, processId: '7' }, true, '• Started npm test'],
  ] as const)('%j: %s, %s', (more, isDone, first) => {
    expect(itemRows(command(more), {}, isDone)[0]).toBe(first);
  });

  test('wait for the user where they are asked about', () => {
    const item = command({ status: 'inProgress', id: 'call_1#2' });
    expect(itemRows(item, { asked: ['call_1'] }, false)[0]).toBe('• Waiting for you: npm test');
    expect(itemRows(item, { asked: ['call_1#20'] }, false)[0]).toBe('• Running npm test');
  });

  test.each([
    [{ aggregatedOutput: '' }, ['  └ (no output)']],
    [{ aggregatedOutput: null }, ['  └ (no output)']],
    [{ aggregatedOutput: 'a\nb\n' }, ['  └ a', '    b']],
    [{ aggregatedOutput: 'bad', exitCode: 2, status: 'failed' }, ['  └ bad', '    exit code 2']],
    [{ aggregatedOutput: '', exitCode: 2, status: 'failed' }, ['    exit code 2']],
    [
      { aggregatedOutput: '', exitCode: 124, status: 'failed', reason: 'timed out after 10 s' },
      ['    timed out after 10 s'],
    ],
  ] as const)('with %j have the output %j', (more, expected) => {
    expect(itemRows(command(more)).slice(1)).toEqual(expected);
  });

  test('are folded, and whole where all is shown', () => {
    const aggregatedOutput = Array.from({ length: 30 }, (_, at) => `line ${at}`).join('\n');
    expect(itemRows(command({ aggregatedOutput }))).toEqual([
      '• Ran npm test',
      '  └ line 0',
      '    line 1',
      '    … +26 lines',
      '    line 28',
      '    line 29',
    ]);
    expect(itemRows(command({ aggregatedOutput }), { isFull: true })).toHaveLength(31);
    expect(
      itemRows(command({ command: 'a\n'.repeat(20) }))
        .slice(0, 9)
        .at(-1),
    ).toBe('  … 13 more lines');
  });

  test('show the newest of what they print while they run', () => {
    const live = Array.from({ length: 30 }, (_, at) => `line ${at}`).join('\n');
    expect(itemRows(command({ status: 'inProgress' }), {}, false, live).slice(1)).toEqual(
      [25, 26, 27, 28, 29].map((at, index) => `${index === 0 ? '  └' : '   '} line ${at}`),
    );
  });

  test('leave out the middle by its count', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, at) => [{ text: String(at), style: {} }]);
    const texts = (count: number, most: number) => withoutMiddle(lines(count), most).map(rowText);
    expect(texts(5, 5)).toEqual(['0', '1', '2', '3', '4']);
    expect(texts(6, 5)).toEqual(['0', '1', '… +2 lines', '4', '5']);
    expect(texts(100, 4)).toEqual(['0', '1', '… +97 lines', '99']);
  });
});

describe('what was looked at', () => {
  const explored = (...commands: Parameters<typeof looking>[1][]) =>
    rows({ type: 'explored', commands: commands.map((more, at) => looking(String(at), more)), isClosed: true });

  test('is one line for reads that follow each other, each name once', () => {
    const read = (name: string): CommandAction[] => [{ type: 'read', command: 'cat', name, path: name }];
    const search: CommandAction[] = [{ type: 'search', command: 'rg', query: 'x', path: 'src' }];
    expect(
      explored(
        { commandActions: read('a') },
        { commandActions: read('b') },
        { commandActions: read('a') },
        { commandActions: search },
        { commandActions: read('c') },
      ),
    ).toEqual(['• Explored', '  └ Read a, b', '    Search x in src', '    Read c']);
  });

  test.each<[CommandAction, string]>([
    [{ type: 'listFiles', command: 'ls', path: null }, 'List ls'],
    [{ type: 'listFiles', command: 'ls src', path: 'src' }, 'List src'],
    [{ type: 'search', command: 'rg x', query: null, path: null }, 'Search rg x'],
    [{ type: 'read', command: 'cat', name: 'a\u001b[2J\nb', path: 'a' }, 'Read a b'],
  ])('%j is "%s"', (action, text) => {
    expect(explored({ commandActions: [action] })[1]).toBe(`  └ ${text}`);
  });

  test.each([
    [{ tool: 'read_file', arguments: '{"path":"src/a.ts"}' }, 'Read a.ts'],
    [{ tool: 'list_dir', arguments: '{"dir_path":"src"}' }, 'List src'],
    [{ tool: 'grep_files', arguments: '{"pattern":"x","path":"src"}' }, 'Search x in src'],
    [{ tool: 'grep_files', arguments: 'no json' }, 'Search no json'],
    [
      { tool: 'read_file', arguments: '{}', status: 'failed', reason: 'no such file' },
      'Failed read_file: no such file',
    ],
  ] as const)('by a tool with %j is "%s"', (more, text) => {
    expect(rows({ type: 'explored', commands: [toolCall(more)], isClosed: true })[1]).toBe(`  └ ${text}`);
  });

  test('runs, waits or failed as its commands do', () => {
    expect(explored({ status: 'inProgress' })[0]).toBe('• Exploring');
    const asked = rows(
      { type: 'explored', commands: [looking('a', { status: 'inProgress' })], isClosed: false },
      { asked: ['a'] },
    );
    expect(asked[0]).toBe('• Waiting for you:');
  });
});

describe('other items in rows', () => {
  test.each<[ThreadItem, string[]]>([
    [thoughts('**Heading**\n\nA thought'), ['• A thought']],
    [thoughts('**Heading**'), []],
    [
      plan({ step: 'a', status: 'completed' }, { step: 'b', status: 'in_progress' }, { step: 'c', status: 'pending' }),
      ['• Updated Plan', '  └ ✔ a', '    □ b', '    □ c'],
    ],
    [plan(), ['• Updated Plan', '  └ (no steps)']],
    [{ type: 'userMessage', id: 'u', content: [{ type: 'text', text: 'hi\nthere' }] }, ['› hi', '  there']],
    [
      {
        type: 'userMessage',
        id: 'u',
        content: [
          { type: 'image', url: 'data:x' },
          { type: 'localImage', path: '/a.png' },
        ],
      },
      ['› [image]', '  [/a.png]'],
    ],
    [{ type: 'webSearch', id: 'w', query: 'node 24', action: null }, ['• Searched the web: node 24']],
    [{ type: 'imageGeneration', id: 'g', prompt: 'a red boat', url: null }, ['• Made a picture: a red boat']],
    [{ type: 'enteredReviewMode', id: 'r', review: 'uncommitted changes' }, ['• Review started: uncommitted changes']],
    [
      command({ status: 'declined', aggregatedOutput: 'aborted', exitCode: -1 }),
      ['• Not allowed: npm test', '  └ aborted'],
    ],
    [command({ processId: '1', aggregatedOutput: '', exitCode: null }), ['• Started npm test', '  └ (no output yet)']],
    [command({ aggregatedOutput: '' }), ['• Ran npm test', '  └ (no output)']],
    [command({ status: 'declined', aggregatedOutput: '', exitCode: null }), ['• Not allowed: npm test']],
    [
      command({ status: 'failed', aggregatedOutput: 'bad\n', exitCode: 3 }),
      ['• Ran npm test', '  └ bad', '    exit code 3'],
    ],
    [
      command({ status: 'interrupted', aggregatedOutput: 'tick 1\n', exitCode: null }),
      ['• Interrupted: npm test', '  └ tick 1'],
    ],
    [{ type: 'imageView', id: 'i', path: '/app/a.png' }, ['• Viewed image: a.png']],
    [{ type: 'contextCompaction', id: 'c' }, ['• Compacted the conversation']],
    [{ type: 'budgetExceeded', id: 'b', message: 'over the budget' }, ['⚠ over the budget']],
    [{ type: 'undo', id: 'u', status: 'completed', message: '2 files restored' }, ['• Undone: 2 files restored']],
    [answer('Half', { interrupted: true }), ['Half', '(interrupted)']],
    [mcpCall(), ['• Called docs.search({"query":"x"})', '  └ found']],
    [
      mcpCall({ result: null, error: { message: 'timed out' }, status: 'failed' }),
      ['• Called docs.search({"query":"x"})', '  └ timed out'],
    ],
    [mcpCall({ result: { content: [], structuredContent: null } }), ['• Called docs.search({"query":"x"})']],
  ])('%j', (item, expected) => {
    expect(itemRows(item)).toEqual(expected);
  });
});
