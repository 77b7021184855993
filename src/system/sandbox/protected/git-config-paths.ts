import { dirname, join, resolve } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { userHome } from '../../../foundation/util/index.ts';

/** A configuration is far smaller. */
const MAX_CONFIG_BYTES = 256 * 1024;
/** Includes are followed up to this number of files in all; git itself stops at a depth of ten. */
const MAX_CONFIG_FILES = 64;

/** One line of a git configuration that sets something, names in lower case. */
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

/** Splits a configuration into its lines. A line that continues in the next one is one of this list. */
export function gitConfigLines(text: string): readonly GitConfigLine[] {
  let section = '';
  let subsection = '';
  return (
    text
      .replaceAll('\r\n', '\n')
      .match(/(?:[^\\\n]|\\[\s\S])+\n?|\n/g)
      ?.map((line) => {
        const header = /^\s*\[\s*([^\s"\]]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line);
        if (header !== null) {
          section = (header[1] ?? '').toLowerCase();
          subsection = header[2] ?? '';
        }
        const rest = line.slice(header?.[0].length ?? 0).trim();
        const [, key = '', value = ''] = /^([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*([\s\S]*))?$/.exec(rest) ?? [];
        const isSetting = rest !== '' && !/^[#;]/.test(rest);
        const setting = { section, subsection, key: key.toLowerCase(), value: unquoted(value) };
        return { text: line, setting: isSetting ? setting : null };
      }) ?? []
  );
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

function unquoted(value: string): string {
  const plain = value.startsWith('"') ? value.slice(1, value.lastIndexOf('"')) : value.replace(/\s[#;].*$/s, '');
  return plain.replaceAll(/\\(.)/g, '$1').trim();
}

function textOf(path: string): string {
  try {
    return readRegularFile(path, { maxBytes: MAX_CONFIG_BYTES }).toString('utf8');
  } catch {
    // It is missing or no file: git reads nothing from it either.
    return '';
  }
}
