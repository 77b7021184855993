import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { launcherPath, randomUUID } from '../../../foundation/util/index.ts';

/**
 * A directory for the end of a command's path: `apply_patch`, so that a patch in a script works as models write it, and the
 * `rg` that comes with keel. Null where it can't be made; commands then run without it.
 */
export async function commandToolsDirectory(home: string): Promise<string | null> {
  const dir = join(home, 'bin');
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const launcher = launcherPath();
    if (launcher !== null) keepScript(join(dir, 'apply_patch'), patchScript(launcher));
    const { rgPath } = await import('@vscode/ripgrep');
    keepLink(join(dir, 'rg'), rgPath);
    return dir;
  } catch {
    // A home that can't be written to, or a platform without a ripgrep: no reason to stop a command.
    return null;
  }
}

/** The patch engine reads no environment, so that it does the same wherever it is called. */
function patchScript(launcher: string): string {
  return `#!/bin/sh\nexec env -i ${quoted(process.execPath)} ${quoted(launcher)} apply-patch "$@"\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function keepScript(path: string, text: string): void {
  if (unlessMissing(() => readFileSync(path, 'utf8')) === text) return;
  replace(path, (fresh) => {
    writeFileSync(fresh, text);
    chmodSync(fresh, 0o755);
  });
}

function keepLink(path: string, target: string): void {
  if (unlessMissing(() => readlinkSync(path)) === target) return;
  replace(path, (fresh) => symlinkSync(target, fresh));
}

/** Another process of keel may run the present file: the new one replaces it as a whole. */
function replace(path: string, make: (fresh: string) => void): void {
  const fresh = `${path}.${randomUUID()}`;
  rmSync(fresh, { force: true });
  make(fresh);
  renameSync(fresh, path);
}

function unlessMissing(read: () => string): string | null {
  try {
    return read();
  } catch {
    // It does not exist yet, or is something else.
    return null;
  }
}
