import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { userHome } from '../util/index.ts';

/** A path in the notation of a shell, a URL, prose or another system. */
interface Misread {
  readonly why: string;
  /** What was probably meant; null where that is not known. */
  readonly right: string | null;
}

const isWindows = process.platform === 'win32';

/**
 * Why a path is not taken as it is written: it has the notation of a shell (`~`, `$HOME`, quotes), of a URL or of Windows,
 * and would name a file that nobody means. A file that really has such a name can be named.
 * @returns a sentence with the right form; null for a plain path
 */
export function notationFault(path: string, cwd: string): string | null {
  const misread = misreadOf(path, cwd);
  if (misread === null || isThere(resolve(cwd, path)) || isThere(resolve(cwd, firstName(path)))) return null;
  const { why, right } = misread;
  return `${JSON.stringify(path)} is not a plain path: ${why}.${right === null ? '' : ` Write ${right}`}`;
}

function misreadOf(path: string, cwd: string): Misread | null {
  const quoted = /^(['"`])(.+)\1$/s.exec(path)?.[2];
  if (quoted !== undefined) return { why: 'quotes would belong to the name', right: plainForm(quoted, cwd) };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return { why: 'it is a URL', right: pathOfUrl(path) };
  const home = /^(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%)(?=[/\\]|$)/.exec(path)?.[0];
  if (home !== undefined) return { why: `${home} is not expanded`, right: homePath(path.slice(home.length)) };
  const here = /^(?:\$PWD|\$\{PWD\}|\$\(pwd\))(?=\/|$)/.exec(path)?.[0];
  if (here !== undefined) return { why: `${here} is not expanded`, right: cwd + path.slice(here.length) };
  const variable = /^(?:\$(?:TMPDIR|OLDPWD)(?=\/)|\$\{\w+\}(?=\/)|\$\([^)]*\)(?=\/)|~[\w.-]+(?=\/))/.exec(path)?.[0];
  if (variable !== undefined) return { why: `${variable} is not expanded`, right: null };
  return isWindows ? null : backslashed(path);
}

function homePath(rest: string): string | null {
  const home = userHome();
  return home === null ? null : home + rest;
}

function backslashed(path: string): Misread | null {
  if (/^[A-Za-z]:[\\/]/.test(path)) return { why: 'it is a Windows path', right: null };
  // Unit files of systemd have such escapes in their names.
  if (!path.includes('\\') || /\\x[0-9a-f]{2}/i.test(path)) return null;
  const isShellEscape = !/\\(?![ ()'"&$[\]{}*?!;#])/.test(path);
  const right = isShellEscape ? path.replace(/\\(.)/g, '$1') : path.replaceAll('\\', '/');
  return { why: 'a backslash would belong to the name', right };
}

function plainForm(path: string, cwd: string): string | null {
  const misread = misreadOf(path, cwd);
  return misread === null ? path : misread.right;
}

function pathOfUrl(url: string): string | null {
  try {
    return fileURLToPath(url);
  } catch {
    // An address of the web, or of another machine.
    return null;
  }
}

function firstName(path: string): string {
  return path.split('/')[0] || path;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A name that is too long, or below a file: nothing is there.
    return false;
  }
}
