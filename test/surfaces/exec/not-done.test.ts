import { describe, expect, test } from 'vitest';
import type { SandboxPolicy, ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { NotDoneWatch } from '../../../src/surfaces/exec/not-done.ts';
import { answer, command, fileChange, mcpCall } from '../sample-items.ts';

const READ_ONLY: SandboxPolicy = { mode: 'read-only' };
const WORKSPACE: SandboxPolicy = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
};

function summaryOf(items: readonly ThreadItem[], policy: SandboxPolicy = WORKSPACE) {
  const watch = new NotDoneWatch('/app', policy);
  for (const item of items) watch.note(item);
  return watch.summary();
}

const change = (path: string, more: Parameters<typeof fileChange>[0]) =>
  fileChange({ changes: [{ path, kind: { type: 'update', movePath: null }, diff: '' }], ...more });
const declined = (path: string) => change(path, { status: 'declined', reason: 'no' });
const failed = (path: string, reason: string) => change(path, { status: 'failed', reason });

describe('nothing is left undone', () => {
  test.each<[string, ThreadItem[]]>([
    ['where nothing was asked for', []],
    ['where all calls ran', [command(), fileChange(), mcpCall()]],
    ['where a command failed: it ran', [command({ status: 'failed', exitCode: 1 })]],
    ['where a call was interrupted', [command({ status: 'interrupted' }), mcpCall({ status: 'interrupted' })]],
    ['where only words were exchanged', [answer('hello')]],
    ['where a refused change was made later', [declined('/app/a'), change('/app/a', {})]],
    ['where a failed change was made later', [failed('/app/a', 'stale'), change('/app/a', {})]],
    ['where a refused command ran later', [command({ status: 'declined' }), command()]],
    [
      'where a patch that named no file was replaced by one that did',
      [fileChange({ changes: [], status: 'failed' }), fileChange()],
    ],
  ])('%s', (_, items) => {
    expect(summaryOf(items)).toBeNull();
  });
});

describe('refused changes', () => {
  test('in a read-only sandbox say how to allow them', () => {
    expect(summaryOf([declined('/app/a')], READ_ONLY)?.messages).toEqual([
      'Nothing was changed: the sandbox is read-only; run again with --full-auto, or trust this folder.',
    ]);
  });

  test('elsewhere name the files and what makes their place writable', () => {
    expect(summaryOf([declined('/srv/deep/x')])?.messages).toEqual([
      'Nothing was changed: the sandbox (workspace-write) or the approval policy does not allow ../srv/deep/x; --add-dir DIR makes another directory writable.',
    ]);
  });

  test('beside changes that were made are named as those that were not', () => {
    expect(summaryOf([change('/app/b', {}), declined('/app/a')])?.messages[0]).toMatch(
      /^These changes were refused: a: .* does not allow them;/,
    );
  });

  test('are counted from the fourth on', () => {
    const items = ['a', 'b', 'c', 'd', 'e'].map((name) => declined(`/app/${name}`));
    expect(summaryOf(items)?.messages[0]).toContain('does not allow a, b, c and 2 more;');
  });

  test('of the same file count once, with the last reason', () => {
    const summary = summaryOf([declined('/app/a'), failed('/app/a', 'stale')]);
    expect(summary?.changes).toEqual([{ path: '/app/a', status: 'failed', reason: 'stale' }]);
  });
});

describe('failed changes', () => {
  test('have the reason of the last one, on one line', () => {
    const summary = summaryOf([failed('/app/a', 'x'), failed('/app/b', 'lines\n  not   found ')]);
    expect(summary?.messages).toEqual(['These changes failed and were not made later: a, b: lines not found']);
  });

  test('whose patch named no file are a patch', () => {
    const summary = summaryOf([fileChange({ changes: [], status: 'failed', reason: 'no such section' })]);
    expect(summary?.messages).toEqual(['These changes failed and were not made later: a patch: no such section']);
    expect(summary?.changes).toEqual([{ path: null, status: 'failed', reason: 'no such section' }]);
  });

  test('without a reason end with their names', () => {
    expect(summaryOf([change('/app/a', { status: 'failed' })])?.messages).toEqual([
      'These changes failed and were not made later: a',
    ]);
  });

  test('have a reason of bounded length', () => {
    const message = summaryOf([failed('/app/a', '👍'.repeat(500))])?.messages[0] ?? '';
    expect(message.length).toBeLessThan(300);
    expect(message.isWellFormed()).toBe(true);
  });
});

describe('refused calls', () => {
  test('are commands by their text and tools by their names and arguments', () => {
    const summary = summaryOf([
      command({ command: 'rm -rf /', status: 'declined', aggregatedOutput: 'rejected by the user' }),
      mcpCall({ status: 'declined', error: { message: 'not allowed' } }),
    ]);
    expect(summary?.messages).toEqual([
      'These calls were refused and did not run: rm -rf /, docs.search {"query":"x"}: not allowed',
    ]);
    expect(summary?.calls).toEqual([
      { call: 'rm -rf /', reason: 'rejected by the user' },
      { call: 'docs.search {"query":"x"}', reason: 'not allowed' },
    ]);
  });

  test('of the same call count once, and another call of the same tool does not make up for it', () => {
    const call = (query: string, status: 'declined' | 'completed') => mcpCall({ arguments: { query }, status });
    expect(summaryOf([call('a', 'declined'), call('a', 'declined'), call('b', 'completed')])?.calls).toHaveLength(1);
    expect(summaryOf([call('a', 'declined'), call('a', 'completed')])).toBeNull();
  });

  test('are named beside refused and failed changes, a sentence each', () => {
    const items = [declined('/app/a'), failed('/app/b', 'stale'), command({ status: 'declined' })];
    expect(summaryOf(items)?.messages).toHaveLength(3);
  });
});
