import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { restoreSnapshot, takeSnapshot } from '../../../src/system/git/index.ts';
import { commitAll, contentsOf, git, gitFilesOf, playground } from './support.ts';

const folders = ['', 'a/', 'a/b/', 'c d/', 'ümlaut/'];
const names = ['one', 'two.txt', 'three.log', '-x', ':(top)', 'new\nline', 'tab\t', '.gitignore'];
const path = fc.tuple(fc.constantFrom(...folders), fc.constantFrom(...names)).map((parts) => parts.join(''));
const text = fc.oneof(
  fc.constantFrom('', 'plain\n', 'a\r\nb\r\n', 'a\nb\r\n', '*.log\n', 'two.txt\n!one\n', '\0\xff\n'),
  fc.string({ maxLength: 30 }),
);
const change = fc.oneof(
  fc.record({ type: fc.constant('write' as const), path, text }),
  fc.record({ type: fc.constant('delete' as const), path }),
  fc.record({ type: fc.constant('rename' as const), path, to: path }),
  fc.record({ type: fc.constant('chmod' as const), path, mode: fc.constantFrom(0o644, 0o755, 0o600, 0o700) }),
  fc.record({ type: fc.constant('link' as const), path, to: fc.constantFrom('one', '/etc', '..', 'a', 'nowhere') }),
  fc.record({ type: fc.constant('folder' as const), path }),
  fc.record({ type: fc.constant('removeFolder' as const), path: fc.constantFrom('a', 'a/b', 'c d') }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Does to the files what it can; what the system refuses does not happen. */
function apply(root: string, one: Change): void {
  const place = join(root, one.path);
  try {
    switch (one.type) {
      case 'write':
        mkdirSync(dirname(place), { recursive: true });
        return void (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()
          ? rmSync(place)
          : writeFileSync(place, one.text, 'latin1'));
      case 'delete':
        return rmSync(place);
      case 'rename':
        mkdirSync(dirname(join(root, one.to)), { recursive: true });
        return renameSync(place, join(root, one.to));
      case 'chmod':
        return lstatSync(place).isSymbolicLink() ? undefined : chmodSync(place, one.mode);
      case 'link':
        mkdirSync(dirname(place), { recursive: true });
        return symlinkSync(one.to, place);
      case 'folder':
        return void mkdirSync(place, { recursive: true });
      case 'removeFolder':
        return rmSync(place, { recursive: true });
    }
  } catch {
    // Not possible in this state.
  }
}

function ignored(root: string): (path: string) => boolean {
  const output = git(root, 'ls-files', '-z', '--others', '--ignored', '--exclude-standard');
  const paths = new Set(output.split('\0').map((name) => Buffer.from(name).toString('latin1')));
  return (name) => paths.has(name);
}

const states = fc.record({
  committed: fc.array(change, { maxLength: 12 }),
  staged: fc.array(change, { maxLength: 5 }),
  loose: fc.array(change, { maxLength: 5 }),
  turn: fc.array(change, { minLength: 1, maxLength: 12 }),
});

test('random edits: an undo brings every file back, byte for byte, and changes nothing of the repository', async () => {
  await fc.assert(
    fc.asyncProperty(states, async ({ committed, staged, loose, turn }) => {
      using dir = playground();
      for (const one of committed) apply(dir.root, one);
      commitAll(dir.root);
      for (const one of staged) apply(dir.root, one);
      git(dir.root, 'add', '--all');
      for (const one of loose) apply(dir.root, one);
      const skipBefore = ignored(dir.root);
      const before = contentsOf(dir.root);
      const repository = gitFilesOf(dir.root);
      const taken = await takeSnapshot(dir.options());
      if (taken.type !== 'taken') throw new Error(taken.reason);
      for (const one of turn) apply(dir.root, one);
      const after = contentsOf(dir.root);
      const skipAfter = ignored(dir.root);
      const restored = await restoreSnapshot(taken.snapshot, dir.options());
      if (restored.type !== 'restored') throw new Error(restored.reason);
      expect(gitFilesOf(dir.root)).toEqual(repository);
      const isSeen = ([name]: readonly [string, string]) => !skipBefore(name);
      const now = contentsOf(dir.root);
      const left = new Set([...restored.kept, ...restored.failed.map((one) => one.path)].map(latin1));
      for (const [name, content] of Object.entries(before).filter(isSeen)) {
        if (!left.has(name)) expect([name, now[name]]).toEqual([name, content]);
      }
      for (const name of Object.keys(now)) {
        const wasHiddenFromUndo = skipAfter(name) || left.has(name) || skipBefore(name);
        if (!(name in before)) expect([name, wasHiddenFromUndo]).toEqual([name, true]);
      }
      const redone = await restoreSnapshot(restored.before, dir.options());
      expect(redone.type).toBe('restored');
      const again = contentsOf(dir.root);
      for (const [name, content] of Object.entries(after)) {
        if (!skipAfter(name) && !left.has(name)) expect([name, again[name]]).toEqual([name, content]);
      }
    }),
    { numRuns: Number(process.env['KEEL_RUNS'] ?? 10), interruptAfterTimeLimit: 90_000 },
  );
}, 120_000);

function latin1(name: string): string {
  return Buffer.from(name).toString('latin1');
}
