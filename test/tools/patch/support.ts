import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { applyPatch, parsePatch, verifyPatch } from '../../../src/tools/patch/index.ts';
import type { MayWrite } from '../../../src/tools/patch/write/apply.ts';

/** A directory of a test's own, removed with it. */
export class Workspace implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'keel-patch-'));

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, text: string | Buffer): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Every file below, by its relative path; links are left out. */
  files(): Record<string, string> {
    const paths = readdirSync(this.dir, { recursive: true, encoding: 'utf8' }).map((name) => this.path(name));
    const files = paths.filter((path) => lstatSync(path).isFile());
    return Object.fromEntries(files.map((path) => [relative(this.dir, path), readFileSync(path, 'utf8')]));
  }

  /** Everything below, directories too. */
  names(): string[] {
    return readdirSync(this.dir, { recursive: true, encoding: 'utf8' }).sort();
  }

  /** Applies a patch given without its begin and end line. */
  apply(sections: string, mayWrite: MayWrite = () => true): void {
    applyPatch(verifyPatch(parsePatch(patchOf(sections)), this.dir), mayWrite);
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function patchOf(sections: string): string {
  return `*** Begin Patch\n${sections}\n*** End Patch`;
}
