import { dirname, join, resolve } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { userHome } from '../../../foundation/util/index.ts';

/** A configuration is far smaller. */
const MAX_CONFIG_BYTES = 256 * 1024;
/** Includes are followed up to this number of files in all; git itself stops at a depth of ten. */
const MAX_CONFIG_FILES = 64;

/** One line of a git configuration that sets something, names in lower case. `key` is empty for what git would not understand. */
export interface GitSetting {
  readonly section: string;
  readonly subsection: string;
  readonly key: string;
  readonly value: string;
}

/** A line of a git configuration, as it is, and what it sets; null for headers, comments, and empty lines. */
export interface GitConfigLine {
  readonly text: string;
  readonly setting: GitSetting | null;
}

/** What lines consist of (git's config.c): quoted text, an escape, a comment up to its end, the end of a line, anything else. */
const PIECE = /"(?<quoted>(?:[^"\\\n]|\\[\s\S])*)"?|\\[\s\S]?|[#;][^\n]*|\n|[^"\\#;\n]+/g;
const HEADER = /^\s*\[\s*([^\s"\]]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]/;
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['b', '\b'],
  ['\n', ''],
]);

/** Splits a configuration into its lines. A line that continues in the next one is one of this list; a comment never does. */
export function gitConfigLines(text: string): readonly GitConfigLine[] {
  let section = '';
  let subsection = '';
  return logicalLines(text.replaceAll('\r\n', '\n')).map((line) => {
    let rest = line;
    // Several headers may share a line; the last one counts.
    for (let header = HEADER.exec(rest); header !== null; header = HEADER.exec(rest)) {
      section = (header[1] ?? '').toLowerCase();
      subsection = header[2] ?? '';
      rest = rest.slice(header[0].length);
    }
    rest = rest.trimStart();
    const [, key = '', value = ''] = /^([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*([\s\S]*))?$/.exec(rest) ?? [];
    const isSetting = rest !== '' && !/^[#;]/.test(rest);
    const setting = { section, subsection, key: key.toLowerCase(), value: decodedValue(value) };
    return { text: line, setting: isSetting ? setting : null };
  });
}

function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const [piece] of text.matchAll(PIECE)) {
    line += piece;
    if (piece !== '\n') continue;
    lines.push(line);
    line = '';
  }
  return line === '' ? lines : [...lines, line];
}

/** What a git directory's own configuration makes git read or run from elsewhere: included files, and the folder of hooks. */
export function gitConfigPaths(gitDir: string, workTree: string): readonly string[] {
  const seen = new Set<string>();
  return ['config', 'config.worktree'].flatMap((name) => pathsIn(join(gitDir, name), workTree, seen));
}

/** Included files count like the configuration itself: they can name a folder of hooks and further files. */
function pathsIn(file: string, workTree: string, seen: Set<string>): readonly string[] {
  if (seen.has(file) || seen.size >= MAX_CONFIG_FILES) return [];
  seen.add(file);
  return gitConfigLines(textOf(file)).flatMap(({ setting }) => {
    if (setting === null || setting.value === '') return [];
    const { section, key, value } = setting;
    if ((section === 'include' || section === 'includeif') && key === 'path') {
      const included = pathFrom(dirname(file), value);
      return [included, ...pathsIn(included, workTree, seen)];
    }
    return section === 'core' && key === 'hookspath' ? [pathFrom(workTree, value)] : [];
  });
}

function pathFrom(from: string, value: string): string {
  const home = value.startsWith('~/') ? userHome() : null;
  return home === null ? resolve(from, value) : join(home, value.slice(2));
}

/** Quotes may be anywhere in a value, and a comment ends it. */
function decodedValue(written: string): string {
  let value = '';
  for (const { 0: piece, groups } of written.matchAll(PIECE)) {
    if (/^[#;]/.test(piece)) break;
    value += (groups?.['quoted'] ?? piece).replaceAll(/\\([\s\S])/g, (_, sign: string) => ESCAPED.get(sign) ?? sign);
  }
  return value.trim();
}

function textOf(path: string): string {
  try {
    return readRegularFile(path, { maxBytes: MAX_CONFIG_BYTES }).toString('utf8');
  } catch {
    // It is missing or no file: git reads nothing from it either.
    return '';
  }
}
