import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmlessGitConfig } from '../../../../src/system/sandbox/planted/harmless-git-config.ts';
import { gitConfigLines } from '../../../../src/system/sandbox/protected/git-config-paths.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const dir = freshDirectory();
/** Each of them starts git once or twice. */
const RUNS = Number(process.env['KEEL_RUNS'] ?? 60);

/** What git itself reads of a configuration, `key=value`; null if it refuses the file. */
function readByGit(text: string): string[] | null {
  dir.write({ config: text });
  const { status, stdout } = spawnSync('git', ['config', '--file', join(dir.path, 'config'), '--list', '-z'], {
    env: { PATH: process.env['PATH'], HOME: '/nowhere', GIT_CONFIG_NOSYSTEM: '1' },
    encoding: 'utf8',
  });
  if (status !== 0) return null;
  // A key without a value has no line of its own.
  return stdout
    .split('\0')
    .slice(0, -1)
    .map((entry) => (entry.includes('\n') ? entry.replace('\n', '=') : entry));
}

/** What keel reads of it, in the same form. */
const readByKeel = (text: string) =>
  gitConfigLines(text).flatMap(({ setting, text: line }) => {
    if (setting === null) return [];
    const { section, subsection, key, value } = setting;
    const name = [section, subsection, key].filter((part) => part !== '').join('.');
    return [/=/.test(line.replace(/^(?:\s*\[[^\]]*\])+/, '')) ? `${name}=${value}` : name];
  });

describe('a git configuration is read as git reads it', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['[core]\n', []],
    ['[core]\n\tbare = false\n', ['core.bare=false']],
    ['[core]bare=false', ['core.bare=false']],
    ['[core]\nbare\n', ['core.bare']],
    ['[CORE]\nBare = x', ['core.bare=x']],
    ['[remote "Origin"]\nurl = u', ['remote.Origin.url=u']],
    ['[a][core]bare=true', ['core.bare=true']],
    ['[a]\n[core] # why\nbare = true', ['core.bare=true']],
    ['# a\n; b\n[core]\n# bare = true\n', []],
    ['[core]\nx = a # b', ['core.x=a']],
    ['[core]\nx = a;b', ['core.x=a']],
    ['[core]\nx = "a # b"', ['core.x=a # b']],
    ['[core]\nx = a"b c"d', ['core.x=ab cd']],
    ['[core]\nx = ""y', ['core.x=y']],
    ['[core]\nx = a\\\nb', ['core.x=ab']],
    ['[core]\nx = "a\\\nb"', ['core.x=ab']],
    ['[core]\nx = \\"a\\"', ['core.x="a"']],
    ['[core]\n# a \\\nx = y\n', ['core.x=y']],
    ['[core]\nx = a # b \\\ny = z\n', ['core.x=a', 'core.y=z']],
    ['[core]\r\nx = a\r\n', ['core.x=a']],
    ['[core]\nx = a\\\\\ny = b', ['core.x=a\\', 'core.y=b']],
    ['[diff "a#b;c"]\nx = y', ['diff.a#b;c.x=y']],
  ])('%j', (text, settings) => {
    expect(readByGit(text)).toEqual(settings);
    expect(readByKeel(text)).toEqual(settings);
  });

  const piece = fc.constantFrom(
    ...['[core]', '[color]', '[remote "o"]', '[a][core]', 'x = ', 'fsmonitor=', 'url =', 'bare', '\n', '\n', '\n\t'],
    ...['value', '"quo ted"', '""', '\\\n', '\\"', '\\\\', '# note', '; note', '#', ' ', 'true', '\r\n', '\\', '"'],
  );

  it('whatever it is put together from, where git accepts it at all', () => {
    let accepted = 0;
    for (const pieces of fc.sample(fc.array(piece, { minLength: 2, maxLength: 12 }), { numRuns: RUNS, seed: 42 })) {
      const text = pieces.join('');
      const wanted = readByGit(text);
      if (wanted === null) continue;
      accepted += 1;
      expect({ text, settings: readByKeel(text) }).toEqual({ text, settings: wanted.map((entry) => entry.trim()) });
    }
    expect(accepted).toBeGreaterThan(RUNS / 10);
  });
});

/** Whether git would run something, or read settings from elsewhere, because of a setting. */
function isHarmful(entry: string): boolean {
  const [, name = '', value = ''] = /^([^=]*)=?([\s\S]*)$/.exec(entry) ?? [];
  if (/^core\.fsmonitor$/i.test(name)) return !['', 'true', 'false'].includes(value);
  if (/^submodule\..*\.update$/i.test(name)) return value.startsWith('!');
  if (/^remote\..*url$/i.test(name)) return /^[a-z]*::/.test(value);
  return /^(?:filter|diff|merge|include|includeif|alias|credential|gpg|pager)\.|^core\.(?:hookspath|sshcommand|editor|pager|askpass|attributesfile|worktreeconfig|gitproxy)/i.test(
    name,
  );
}

describe('a configuration that a command has made', () => {
  it.each([
    '[core]\nfsmonitor = /tmp/evil\n',
    '[core]fsmonitor=/tmp/evil',
    '[CORE]\nFSMONITOR = /tmp/evil\n',
    '[core]\nfsmonitor = "true"&&/tmp/evil\n',
    '[core]\nfsmonitor = tr\\\nue/x\n',
    '[color]\nx = y # a \\\n[core]\nfsmonitor = /tmp/evil\n',
    '[color]# \\\n[core]\nfsmonitor = /tmp/evil\n',
    '[core]\n# a \\\nfsmonitor = /tmp/evil\n',
    '[core]\n; a \\\n hooksPath = /tmp/evil\n',
    '[color][core]fsmonitor = /tmp/evil\n',
    '[color]\n[a] [core] hooksPath = /tmp/evil\n',
    '[color]\nx = "a\\\nb"\n[core]\nsshCommand = evil\n',
    '[submodule "x"]\nupdate = ""!evil\n',
    '[submodule "x"]\nupdate = "!evil"\n',
    '[remote "o"]\nurl = ex"t::sh -c evil"\n',
    '[remote "o"]\npushurl = ext::sh\n',
    '[include]\npath = /tmp/more\n',
    '[includeIf "gitdir:/"]\npath = /tmp/more\n',
    '[filter "x"]\nclean = evil\nsmudge = evil\n',
    '[diff "x"]\ntextconv = evil\n',
    '[diff]\nexternal = evil\n',
    '[merge "x"]\ndriver = evil\n',
    '[alias]\nst = !evil\n',
    '[credential]\nhelper = evil\n',
    '[core]\npager = evil\neditor = evil\n',
    '\uFEFF[core]\nhooksPath = /tmp/evil\n',
    '[core]\r\nhooksPath = /tmp/evil\r\n',
  ])('makes git run nothing any more: %j', (text) => {
    expect((readByGit(text) ?? []).some(isHarmful)).toBe(true);
    expect((readByGit(harmlessGitConfig(text)) ?? []).filter(isHarmful)).toEqual([]);
  });

  it('keeps what is of no harm, byte for byte', () => {
    const text = `# mine
[core]
\trepositoryformatversion = 0
\tbare = false
\tfsmonitor = true ; built in
[remote "origin"]
\turl = https://x.example/a.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
\tremote = origin
[user]
\tname = "A \\"B\\" C"
[color "diff"]
\tmeta = yellow
`;
    expect(harmlessGitConfig(text)).toBe(text);
  });

  it('says of each line what became of it, and keeps the section of the lines behind it', () => {
    expect(harmlessGitConfig('[core] pager = a\\\nb\nbare = true\n')).toBe(
      '[core]\n# made by a command, disabled by keel: pager = a\\\n# made by a command, disabled by keel: b\nbare = true\n'.replace(
        ': pager',
        ':  pager',
      ),
    );
  });

  it('is harmless whatever it is put together from, and stays as it is when looked through again', () => {
    const part = fc.constantFrom(
      ...['[core]', '[color]', '[remote "o"]', '[submodule "s"]', '[filter "f"]', '[include]', '[color][core]'],
      ...['fsmonitor = ', 'hooksPath = ', 'url = ', 'update = ', 'clean = ', 'path = ', 'x = '],
      ...['/tmp/evil', '"true"', 'true', '&&evil', '""', '!evil', 'ext::sh', 'ex"t::sh"', '\\\n', '"a b"'],
      ...['\n', '\n', '\n', '\n', '# a', '# a \\', '; b', ' ', '\r\n'],
    );
    let harmful = 0;
    for (const parts of fc.sample(fc.array(part, { minLength: 3, maxLength: 14 }), { numRuns: RUNS, seed: 9 })) {
      const text = parts.join('');
      const safe = harmlessGitConfig(text);
      expect(harmlessGitConfig(safe)).toBe(safe);
      const before = readByGit(text) ?? [];
      if (before.some(isHarmful)) harmful += 1;
      expect({ text, left: (readByGit(safe) ?? []).filter(isHarmful) }).toEqual({ text, left: [] });
    }
    expect(harmful).toBeGreaterThan(0);
  });
});
