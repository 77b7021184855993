import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CommandAction, FileUpdate } from '../../../src/foundation/protocol/index.ts';
import { callView, isWork } from '../../../src/surfaces/acp/items/call-view.ts';
import {
  changeContents,
  changeKind,
  changeLocations,
  changeTitle,
} from '../../../src/surfaces/acp/items/change-view.ts';
import { commandContent, commandKind, commandLocations } from '../../../src/surfaces/acp/items/command-view.ts';
import { fenced, resultBlock, titleOf } from '../../../src/surfaces/acp/items/content.ts';
import { toolCallView } from '../../../src/surfaces/acp/items/tool-view.ts';
import { agentCall, answer, command, fileChange, mcpCall, plan, thoughts, toolCall } from '../sample-items.ts';

const over = { isOver: true, isLive: false };
const open = { isOver: false, isLive: false };
const textOf = (view: { readonly content?: unknown }) => JSON.stringify(view.content);

describe('titles', () => {
  test.each([
    ['npm test', 'npm test'],
    ['  a\n\tb  ', 'a b'],
    ['', ''],
    ['x'.repeat(200), 'x'.repeat(200)],
    ['x'.repeat(201), `${'x'.repeat(199)}…`],
  ])('%j is %j', (text, title) => {
    expect(titleOf(text)).toBe(title);
  });

  test('are one line of bounded length without half characters', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('word', ' ', '\n', '\t', '👍', '漢'), { maxLength: 150 }), (parts) => {
        const title = titleOf(parts.join(''));
        expect(title.length).toBeLessThanOrEqual(200);
        expect(title).not.toMatch(/[\n\r\t]/);
        expect(title.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('blocks of code', () => {
  test('end their last line and have a language', () => {
    expect(fenced('a', 'ts')).toBe('```ts\na\n```');
    expect(fenced('a\n')).toBe('```\na\n```');
  });

  test('can’t be closed by what is in them', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('`', '```', '````', 'a', '\n', ' '), { maxLength: 20 }), (parts) => {
        const text = parts.join('');
        const block = fenced(text);
        const fence = /^`+/.exec(block)?.[0] ?? '';
        expect(fence.length).toBeGreaterThanOrEqual(3);
        expect(text).not.toContain(fence);
        expect(block.endsWith(`\n${fence}`)).toBe(true);
      }),
    );
  });
});

describe('parts of a server’s result', () => {
  test.each([
    [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'a' },
    ],
    [
      { type: 'text', text: '' },
      { type: 'text', text: '' },
    ],
    [
      { type: 'text', text: 'a', annotations: {} },
      { type: 'text', text: 'a' },
    ],
    [
      { type: 'image', data: 'AA', mimeType: 'image/png' },
      { type: 'image', data: 'AA', mimeType: 'image/png' },
    ],
    [
      { type: 'image', data: 'AA' },
      { type: 'text', text: '```json\n{\n  "type": "image",\n  "data": "AA"\n}\n```' },
    ],
    [
      { type: 'text', text: 7 },
      { type: 'text', text: '```json\n{\n  "type": "text",\n  "text": 7\n}\n```' },
    ],
    [null, { type: 'text', text: '```json\nnull\n```' }],
    ['text', { type: 'text', text: '```json\n"text"\n```' }],
    [[1], { type: 'text', text: '```json\n[\n  1\n]\n```' }],
    [undefined, { type: 'text', text: '```json\n\n```' }],
  ])('%j is %j', (part, block) => {
    expect(resultBlock(part)).toEqual(block);
  });
});

describe('commands', () => {
  const read = (path: string): CommandAction => ({ type: 'read', command: 'cat', name: path, path });
  const search: CommandAction = { type: 'search', command: 'rg', query: 'x', path: 'src' };
  const list: CommandAction = { type: 'listFiles', command: 'ls', path: null };
  const unknown: CommandAction = { type: 'unknown', command: 'make' };

  test.each<[CommandAction[], string]>([
    [[], 'execute'],
    [[unknown], 'execute'],
    [[read('a'), unknown], 'execute'],
    [[read('a'), read('b')], 'read'],
    [[search], 'search'],
    [[list], 'search'],
    [[read('a'), search], 'search'],
  ])('%j are of the kind %s', (commandActions, kind) => {
    expect(commandKind({ commandActions })).toBe(kind);
  });

  test('have the absolute places that they read', () => {
    const commandActions = [read('/etc/hosts'), read('src/a.ts'), search, list, unknown];
    const places = [{ path: '/etc/hosts' }, { path: '/app/src/a.ts' }, { path: '/app/src' }];
    expect(commandLocations({ commandActions, cwd: '/app' })).toEqual(places);
    expect(commandLocations({ commandActions: [read('a')], cwd: '/' })).toEqual([{ path: '/a' }]);
  });

  test.each([
    [{}, '```console\n$ npm test\nok\n```'],
    [{ exitCode: 2, status: 'failed' }, '```console\n$ npm test\nok\n```\n\nExit code 2.'],
    [{ exitCode: null, status: 'inProgress' }, '```console\n$ npm test\nok\n```'],
    [{ exitCode: -1, status: 'failed' }, '```console\n$ npm test\nok\n```'],
    [{ status: 'declined', exitCode: null }, '```console\n$ npm test\nok\n```\n\nIt was not run.'],
    [{ status: 'interrupted', exitCode: null }, '```console\n$ npm test\nok\n```\n\nIt was interrupted.'],
    [{ status: 'failed', reason: 'timed out after 10 s' }, '```console\n$ npm test\nok\n```\n\ntimed out after 10 s'],
    [{ aggregatedOutput: null }, '```console\n$ npm test\n```'],
    [{ aggregatedOutput: 'a```b' }, '````console\n$ npm test\na```b\n````'],
  ] as const)('with %j are shown as %j', (more, text) => {
    expect(commandContent(command(more))).toBe(text);
  });

  test('that print a lot, or steer a terminal, are shown bounded and plain', () => {
    const shown = commandContent(command({ aggregatedOutput: `\u001b[2J${'x'.repeat(1_000_000)}\u001b[0mend` }));
    expect(shown.length).toBeLessThan(70_000);
    expect(shown).toContain('end\n```');
    expect(shown).not.toContain('\u001b');
  });

  test('that ran have their code and their time as output', () => {
    expect(callView(command(), over)).toMatchObject({
      title: 'npm test',
      kind: 'execute',
      status: 'completed',
      rawInput: { command: 'npm test', cwd: '/app' },
      rawOutput: { exitCode: 0, durationMs: 250 },
    });
    expect(callView(command({ status: 'inProgress' }), open)).not.toHaveProperty('rawOutput');
  });

  test('that ended with a code failed, whatever their state says', () => {
    expect(callView(command({ exitCode: 1 }), over).status).toBe('failed');
    expect(callView(command({ exitCode: null }), over).status).toBe('completed');
  });
});

describe('changes', () => {
  const add: FileUpdate = { path: '/app/n', kind: { type: 'add' }, diff: 'new\n' };
  const remove: FileUpdate = { path: '/app/d', kind: { type: 'delete' }, diff: 'old\n' };
  const edit: FileUpdate = {
    path: '/app/e',
    kind: { type: 'update', movePath: null },
    diff: '@@ -3,2 +4,2 @@\n a\n-b\n+c\n',
  };
  const move: FileUpdate = { path: '/app/m', kind: { type: 'update', movePath: '/app/to' }, diff: '' };
  const moveEdit: FileUpdate = { ...edit, kind: { type: 'update', movePath: '/app/to' } };

  test.each<[FileUpdate[], string, string]>([
    [[add], 'edit', 'Add /app/n'],
    [[remove], 'delete', 'Delete /app/d'],
    [[edit], 'edit', 'Edit /app/e'],
    [[move], 'move', 'Move /app/m -> /app/to'],
    [[moveEdit], 'edit', 'Edit /app/e -> /app/to'],
    [[remove, remove], 'delete', 'Delete /app/d, Delete /app/d'],
    [[add, remove], 'edit', 'Add /app/n, Delete /app/d'],
    [[move, move], 'move', 'Move /app/m -> /app/to, Move /app/m -> /app/to'],
    [[], 'edit', ''],
  ])('%j are of the kind %s: %s', (changes, kind, title) => {
    expect(changeKind(changes)).toBe(kind);
    expect(changeTitle(changes)).toBe(title);
  });

  test('are where the first changed line is, in the file as it is named now', () => {
    expect(changeLocations([add, edit, move, moveEdit])).toEqual([
      { path: '/app/n' },
      { path: '/app/e', line: 4 },
      { path: '/app/to' },
      { path: '/app/to', line: 4 },
    ]);
  });

  test('of files that are not looked at have a pair of texts for each place', () => {
    const diff = '@@ -1 +1 @@\n-a\n+b\n@@ -9,2 +9,1 @@\n c\n-d\n';
    expect(changeContents([{ ...edit, diff }, add, remove], false)).toEqual([
      { type: 'diff', path: '/app/e', oldText: 'a\n', newText: 'b\n' },
      { type: 'diff', path: '/app/e', oldText: 'c\nd\n', newText: 'c\n' },
      { type: 'diff', path: '/app/n', oldText: null, newText: 'new\n' },
      { type: 'diff', path: '/app/d', oldText: 'old\n', newText: '' },
    ]);
  });

  test('whose diff can’t be read are still changes', () => {
    const broken: FileUpdate = { ...edit, diff: '@@ -1,9 +1,9 @@\n nonsense' };
    expect(changeLocations([broken])).toMatchObject([{ path: '/app/e' }]);
    expect(changeContents([broken], false)[0]).toMatchObject({ type: 'diff', path: '/app/e' });
  });

  test('that failed have their reason behind them', () => {
    const view = callView(fileChange({ status: 'failed', reason: 'no such line' }), over);
    expect(view.content?.at(-1)).toEqual({ type: 'content', content: { type: 'text', text: 'no such line' } });
  });
});

describe('calls of servers', () => {
  const said = (more: Parameters<typeof mcpCall>[0]) => textOf(callView(mcpCall(more), over));

  test('have their arguments, and their result in its structured form if it has one', () => {
    expect(callView(mcpCall(), over)).toMatchObject({
      title: 'docs: search',
      name: 'search',
      rawInput: { query: 'x' },
      rawOutput: [{ type: 'text', text: 'found' }],
    });
    const structured = mcpCall({ result: { content: [], structuredContent: { n: 1 } } });
    expect(callView(structured, over).rawOutput).toEqual({ n: 1 });
    expect(callView(mcpCall({ result: null }), over)).not.toHaveProperty('rawOutput');
  });

  test('say what came of them', () => {
    expect(said({ error: { message: 'timed out' }, status: 'failed' })).toContain('timed out');
    expect(said({ result: { content: [], structuredContent: null } })).toContain('The tool returned nothing.');
    expect(said({ result: null, status: 'inProgress', progress: '3 of 9' })).toContain('3 of 9');
    expect(said({ result: null, status: 'inProgress' })).toBe('[]');
  });
});

describe('tools that read', () => {
  test.each([
    ['read_file', '{"path":"/app/a.ts"}', 'Read /app/a.ts', 'read'],
    ['list_dir', '{"dir_path":"/app"}', 'List /app', 'read'],
    ['grep_files', '{"pattern":"x","path":"src"}', 'Search src', 'search'],
    ['web_fetch', '{"url":"https://example.com"}', 'Fetch https://example.com', 'fetch'],
    ['read_file', '{}', 'Read', 'read'],
    ['read_file', '{"path":7}', 'Read', 'read'],
    ['read_file', '[1]', 'Read', 'read'],
    ['read_file', 'no json', 'Read', 'read'],
    ['toString', '{}', 'toString', 'other'],
    ['constructor', '{"path":"a"}', 'constructor a', 'other'],
    ['my_tool', '{"url":"u"}', 'my_tool u', 'other'],
  ])('%s with %s: %s, a %s', (tool, args, title, kind) => {
    expect(toolCallView(toolCall({ tool, arguments: args }))).toMatchObject({ title, kind, name: tool });
  });

  test('have a place where their path is absolute', () => {
    const locations = (path: string) => toolCallView(toolCall({ arguments: JSON.stringify({ path }) })).locations;
    expect(locations('/app/a.ts')).toEqual([{ path: '/app/a.ts' }]);
    expect(locations('a.ts')).toBeUndefined();
  });

  test.each([
    [{ reason: 'no such file', status: 'failed' }, 'no such file'],
    [{ status: 'failed' }, 'It was failed.'],
    [{ status: 'interrupted' }, 'It was interrupted.'],
    [{ status: 'declined' }, 'It was declined.'],
  ] as const)('with %j say so', (more, text) => {
    expect(textOf(toolCallView(toolCall(more)))).toContain(text);
  });

  test('that work or are done say nothing more', () => {
    for (const status of ['inProgress', 'completed'] as const)
      expect(textOf(toolCallView(toolCall({ status })))).not.toContain('It was');
  });
});

describe('other work', () => {
  test('has a state that its end decides where it has none of its own', () => {
    const image = { type: 'imageView', id: 'i', path: '/app/a.png' } as const;
    const search = { type: 'webSearch', id: 'w', query: 'node', action: null } as const;
    for (const item of [image, search]) {
      expect([callView(item, open).status, callView(item, over).status]).toEqual(['in_progress', 'completed']);
    }
    expect(callView(image, over)).toMatchObject({ title: 'View /app/a.png', locations: [{ path: '/app/a.png' }] });
    expect(callView(search, over).title).toBe('Search the web: node');
    expect(callView({ ...search, query: '' }, over).title).toBe('Search the web');
  });

  test.each([
    ['spawnAgent', 'Start a subagent: look at the tests'],
    ['sendInput', 'Send a message to a subagent: look at the tests'],
  ] as const)('%s of subagents is "%s"', (tool, title) => {
    expect(callView(agentCall({ tool }), over).title).toBe(title);
  });

  test('of subagents has their states and last words', () => {
    const view = callView(
      agentCall({
        tool: 'wait',
        prompt: null,
        agentsStates: { a: { status: 'completed', message: 'all green' }, b: { status: 'failed', message: null } },
      }),
      over,
    );
    expect(view.title).toBe('Wait for subagents');
    expect(textOf(view)).toContain('completed: all green\\n\\nfailed:');
  });

  test('is none of messages, thoughts and plans', () => {
    for (const item of [command(), fileChange(), mcpCall(), toolCall(), agentCall()]) expect(isWork(item)).toBe(true);
    for (const item of [answer('x'), thoughts('x'), plan()]) expect(isWork(item)).toBe(false);
  });
});
