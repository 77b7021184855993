import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileUpdate } from '../../../src/foundation/protocol/index.ts';
import { callView } from '../../../src/surfaces/acp/items/call-view.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let dir: TempDir;
beforeEach(() => {
  dir = tempDir();
});
afterEach(() => dir[Symbol.dispose]());

const DIFF = '@@ -2,3 +2,3 @@\n b\n-c\n+changed\n d\n';
const view = (change: FileUpdate, isLive: boolean) =>
  callView({ type: 'fileChange', id: 'c', changes: [change], status: 'completed' }, { isOver: true, isLive });
const edited = (path: string): FileUpdate => ({ path, kind: { type: 'update', movePath: null }, diff: DIFF });

describe('the diffs of a change', () => {
  test.each([
    ['before it', 'a\nb\nc\nd\ne\n'],
    ['after it', 'a\nb\nchanged\nd\ne\n'],
  ])('are of the whole file where that is on the disk as it was %s', (_, text) => {
    dir.write({ 'f.txt': text });
    const path = join(dir.path, 'f.txt');
    expect(view(edited(path), true).content).toEqual([
      { type: 'diff', path, oldText: 'a\nb\nc\nd\ne\n', newText: 'a\nb\nchanged\nd\ne\n' },
    ]);
  });

  test.each([
    ['the file is another by now', 'other\n', true],
    ['the change is of an earlier turn', 'a\nb\nc\nd\ne\n', false],
  ])('are of the changed places where %s', (_, text, isLive) => {
    dir.write({ 'f.txt': text });
    const path = join(dir.path, 'f.txt');
    expect(view(edited(path), isLive).content).toEqual([
      { type: 'diff', path, oldText: 'b\nc\nd\n', newText: 'b\nchanged\nd\n' },
    ]);
  });

  test('a deletion and a move have kinds of their own', () => {
    const gone = view({ path: '/f', kind: { type: 'delete' }, diff: 'x\n' }, false);
    expect(gone).toMatchObject({ kind: 'delete', content: [{ oldText: 'x\n', newText: '' }] });
    const moved = view({ path: '/f', kind: { type: 'update', movePath: '/g' }, diff: '' }, false);
    expect(moved).toMatchObject({ kind: 'move', title: 'Move /f -> /g', locations: [{ path: '/g' }] });
  });
});

describe('other calls', () => {
  test('a picture that the model made is an image', () => {
    const item = { type: 'imageGeneration', id: 'p', prompt: 'a boat', url: 'data:image/png;base64,AAAA' } as const;
    expect(callView(item, { isOver: true, isLive: true })).toMatchObject({
      ...{ title: 'Make a picture: a boat', status: 'completed' },
      content: [{ type: 'content', content: { type: 'image', data: 'AAAA', mimeType: 'image/png' } }],
    });
    expect(callView({ ...item, url: null }, { isOver: false, isLive: true }).content).toEqual([]);
  });

  test('a failed one has its reason as content, also where its arguments are no JSON', () => {
    const item = { type: 'toolCall', id: 'c', tool: 'read_file', arguments: '{"path":', durationMs: 1 } as const;
    const failed = callView({ ...item, status: 'failed', reason: 'no such file' }, { isOver: true, isLive: true });
    expect(failed).toMatchObject({ kind: 'read', status: 'failed' });
    expect(JSON.stringify(failed.content)).toContain('no such file');
  });

  test('what an MCP tool returned is content: text and images as they are, the rest as JSON', () => {
    const content = [
      { type: 'text', text: 'hello' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'thing', x: 1 },
    ];
    const { content: shown } = callView(
      {
        ...{ type: 'mcpToolCall', id: 'c', server: 's', tool: 't', status: 'completed', arguments: {} },
        ...{ result: { content, structuredContent: null }, error: null, durationMs: 1 },
      },
      { isOver: true, isLive: true },
    );
    expect(shown).toMatchObject([
      { content: content[0] },
      { content: content[1] },
      { content: { type: 'text', text: expect.stringContaining('"x": 1') } },
    ]);
  });
});
