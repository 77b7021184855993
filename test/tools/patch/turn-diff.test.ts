import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyPatch, parsePatch, TurnDiffTracker, verifyPatch } from '../../../src/tools/patch/index.ts';
import { cpuSecondsOf } from '../../support/cpu-time.ts';
import { patchOf, Workspace } from './support.ts';

const ZERO = '0'.repeat(40);

function blob(text: string | Buffer): string {
  const bytes = Buffer.from(text);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** A repository with a tracker, fed as the tool feeds it. */
class TrackedWorkspace extends Workspace {
  readonly tracker: TurnDiffTracker;

  constructor(files: Readonly<Record<string, string>>) {
    super(files);
    mkdirSync(this.path('.git'));
    this.tracker = new TurnDiffTracker(this.dir);
  }

  async patch(sections: string): Promise<string> {
    const verified = verifyPatch(parsePatch(patchOf(sections)), this.dir);
    this.tracker.beforeChange(verified.paths);
    for (const { movedFrom, path } of applyPatch(verified, () => true).changes) {
      if (movedFrom !== null) this.tracker.moved(movedFrom, path);
    }
    return this.tracker.takeUnifiedDiff();
  }
}

describe('T35: the turn diff', () => {
  it('shows a new file', async () => {
    using workspace = new TrackedWorkspace({});
    expect(await workspace.patch('*** Add File: dir/a b.txt\n+one\n+two')).toBe(
      [
        'diff --git a/dir/a b.txt b/dir/a b.txt',
        'new file mode 100644',
        `index ${ZERO}..${blob('one\ntwo\n')}`,
        '--- /dev/null',
        '+++ b/dir/a b.txt',
        '@@ -0,0 +1,2 @@',
        '+one',
        '+two',
        '',
      ].join('\n'),
    );
  });

  it('shows an updated file with three lines around the change', async () => {
    using workspace = new TrackedWorkspace({ 'n.txt': '1\n2\n3\n4\n5\n6\n7\n8\n' });
    expect(await workspace.patch('*** Update File: n.txt\n@@\n-5\n+five')).toBe(
      [
        'diff --git a/n.txt b/n.txt',
        `index ${blob('1\n2\n3\n4\n5\n6\n7\n8\n')}..${blob('1\n2\n3\n4\nfive\n6\n7\n8\n')}`,
        '--- a/n.txt',
        '+++ b/n.txt',
        '@@ -2,7 +2,7 @@',
        ' 2',
        ' 3',
        ' 4',
        '-5',
        '+five',
        ' 6',
        ' 7',
        ' 8',
        '',
      ].join('\n'),
    );
  });

  it('shows a deleted file', async () => {
    using workspace = new TrackedWorkspace({ 'run.sh': 'x\n' });
    chmodSync(workspace.path('run.sh'), 0o755);
    expect(await workspace.patch('*** Delete File: run.sh')).toBe(
      `diff --git a/run.sh b/run.sh\ndeleted file mode 100755\nindex ${blob('x\n')}..${ZERO}\n` +
        '--- a/run.sh\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n',
    );
  });

  it('shows a changed mode', async () => {
    using workspace = new TrackedWorkspace({ a: 'x\n' });
    workspace.tracker.beforeChange([workspace.path('a')]);
    chmodSync(workspace.path('a'), 0o755);
    expect(await workspace.tracker.takeUnifiedDiff()).toBe('diff --git a/a b/a\nold mode 100644\nnew mode 100755\n');
  });

  it('shows a move with an edit under both names', async () => {
    using workspace = new TrackedWorkspace({ 'old.txt': 'v1\n' });
    expect(await workspace.patch('*** Update File: old.txt\n*** Move to: new.txt\n@@\n-v1\n+v2')).toBe(
      `diff --git a/old.txt b/new.txt\nindex ${blob('v1\n')}..${blob('v2\n')}\n` +
        '--- a/old.txt\n+++ b/new.txt\n@@ -1 +1 @@\n-v1\n+v2\n',
    );
  });

  it('A22: shows a pure move without any line of it', async () => {
    using workspace = new TrackedWorkspace({ 'old.txt': 'v1\n' });
    expect(await workspace.patch('*** Update File: old.txt\n*** Move to: new.txt\n@@\n v1')).toBe(
      'diff --git a/old.txt b/new.txt\nsimilarity index 100%\nrename from old.txt\nrename to new.txt\n',
    );
  });

  it('shows a new file that was moved later as new, with the name it had first', async () => {
    using workspace = new TrackedWorkspace({});
    await workspace.patch('*** Add File: a\n+x');
    expect(await workspace.patch('*** Update File: a\n*** Move to: b\n@@\n x')).toMatch(
      /^diff --git a\/a b\/b\nnew file mode 100644\nindex 0{40}\.\.\w{40}\n--- \/dev\/null\n\+\+\+ b\/b\n/,
    );
  });

  it('shows a file that is not text without its content', async () => {
    using workspace = new TrackedWorkspace({ a: 'x\n' });
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    workspace.tracker.beforeChange([workspace.path('a')]);
    workspace.write('a', bytes);
    expect(await workspace.tracker.takeUnifiedDiff()).toBe(
      `diff --git a/a b/a\nindex ${blob('x\n')}..${blob(bytes)}\n--- a/a\n+++ b/a\nBinary files differ\n`,
    );
  });

  it('shows a link as the name it leads to', async () => {
    using workspace = new TrackedWorkspace({});
    workspace.tracker.beforeChange([workspace.path('link')]);
    symlinkSync('target', workspace.path('link'));
    expect(await workspace.tracker.takeUnifiedDiff()).toContain(
      `new file mode 120000\nindex ${ZERO}..${blob('target')}\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+target\n\\ No newline`,
    );
  });

  it('shows a file of more than 4 MB without its lines', async () => {
    using workspace = new TrackedWorkspace({});
    const text = 'line\n'.repeat(1_000_000);
    workspace.tracker.beforeChange([workspace.path('big')]);
    workspace.write('big', text);
    expect(await workspace.tracker.takeUnifiedDiff()).toBe(
      `diff --git a/big b/big\nnew file mode 100644\nindex ${ZERO}..${blob(text)}\n--- /dev/null\n+++ b/big\nBinary files differ\n`,
    );
  });

  it('shows files in the order of their names', async () => {
    using workspace = new TrackedWorkspace({});
    const diff = await workspace.patch('*** Add File: b\n+1\n*** Add File: a/z\n+1\n*** Add File: c\n+1');
    expect([...diff.matchAll(/^diff --git a\/(\S+)/gm)].map(([, name]) => name)).toEqual(['a/z', 'b', 'c']);
  });

  it('names files from the working directory outside of a repository', async () => {
    using workspace = new Workspace();
    const tracker = new TurnDiffTracker(workspace.dir);
    tracker.beforeChange([workspace.path('a')]);
    workspace.write('a', 'x\n');
    expect(await tracker.takeUnifiedDiff()).toMatch(/^diff --git a\/a b\/a\n/);
  });

  it('A23: shows two patches on one file as one change from the original', async () => {
    using workspace = new TrackedWorkspace({ a: '1\n2\n' });
    await workspace.patch('*** Update File: a\n@@\n-1\n+one');
    expect(await workspace.patch('*** Update File: a\n@@\n-2\n+two')).toMatch(
      new RegExp(
        `^diff --git a/a b/a\nindex ${blob('1\n2\n')}\\.\\.${blob('one\ntwo\n')}\n[^@]*@@ -1,2 \\+1,2 @@\n-1\n-2\n\\+one\n\\+two\n$`,
      ),
    );
  });

  it('A24: still shows an earlier change after a patch that failed', async () => {
    using workspace = new TrackedWorkspace({ a: '1\n', b: '2\n' });
    await workspace.patch('*** Update File: a\n@@\n-1\n+one');
    const verified = verifyPatch(parsePatch(patchOf('*** Update File: b\n@@\n-2\n+two')), workspace.dir);
    workspace.tracker.beforeChange(verified.paths);
    expect(() => applyPatch(verified, () => false)).toThrow();
    expect(await workspace.tracker.takeUnifiedDiff()).toMatch(/^diff --git a\/a b\/a\n[\s\S]*\+one\n$/);
  });

  it('is empty when a file was added and deleted again, and when nothing was touched since', async () => {
    using workspace = new TrackedWorkspace({});
    expect(await workspace.patch('*** Add File: a\n+x')).not.toBe('');
    expect(await workspace.tracker.takeUnifiedDiff()).toBe('');
    expect(await workspace.patch('*** Delete File: a')).toBe('');
  });

  it('takes no longer for a file that is rewritten whole', async () => {
    const lines = (word: string) => Array.from({ length: 20_000 }, (_, at) => `${word} ${at}\n`).join('');
    using workspace = new TrackedWorkspace({ a: `head\n${lines('old')}tail` });
    workspace.tracker.beforeChange([workspace.path('a')]);
    workspace.write('a', `head\n${lines('new')}tail`);
    let diff = '';
    const take = async () => (diff = await workspace.tracker.takeUnifiedDiff());
    expect(await cpuSecondsOf(take)).toBeLessThan(3);
    expect(diff).toContain('@@ -1,20002 +1,20002 @@\n head\n-old 0\n');
    expect(diff.endsWith('+new 19999\n tail\n\\ No newline at end of file\n')).toBe(true);
  });
});
