import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const TREE_FILES = 100_000;
const FILES_A_FOLDER = 100;

let made: string | null = null;

/** A repository of 100,000 files, as it was committed. It is made once, which takes longer than all that is measured in it. */
export function largeTree(): string {
  made ??= makeTree();
  git(made, 'clean', '--quiet', '-fd');
  return made;
}

function makeTree(): string {
  const root = mkdtempSync(join(tmpdir(), 'keel-bench-tree-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  for (let folder = 0; folder < TREE_FILES / FILES_A_FOLDER; folder += 1) {
    const dir = join(root, 'tree', String(Math.floor(folder / 100)), String(folder));
    mkdirSync(dir, { recursive: true });
    for (let file = 0; file < FILES_A_FOLDER; file += 1) writeFileSync(join(dir, `${file}.txt`), `${folder} ${file}\n`);
  }
  git(root, 'init', '--quiet');
  git(root, 'add', 'tree');
  git(root, '-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '--message=tree');
  return root;
}

function git(root: string, ...args: string[]): void {
  execFileSync('git', ['-C', root, ...args], { stdio: 'ignore' });
}
