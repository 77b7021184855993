export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Every setting by which a repository has git start a program, or reach another machine, in the commands keel uses. They win
 * over all files. Filters have names of the repository's choice and can't be switched off this way: commands that could need
 * one never see the repository's settings (private-git-dir.ts). `diff.external` has no neutral value: such commands run there too.
 */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.attributesFile=/dev/null',
  'core.pager=cat',
  'core.editor=false',
  'core.askPass=',
  'core.sshCommand=false',
  'core.alternateRefsCommand=false',
  'core.quotePath=false',
  'credential.helper=',
  'sequence.editor=false',
  'gpg.program=false',
  'gpg.ssh.program=false',
  'gpg.x509.program=false',
  'log.showSignature=false',
  'log.mailmap=false',
  'commit.gpgSign=false',
  'tag.gpgSign=false',
  'diff.ignoreSubmodules=all',
  'diff.submodule=short',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'status.submoduleSummary=false',
  'protocol.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
  'color.ui=false',
  'i18n.logOutputEncoding=UTF-8',
];

/** What of these only changes how git words its answers. */
const WORDING = ['core.quotePath', 'log.mailmap', 'color.ui', 'i18n.logOutputEncoding', 'core.attributesFile'];

/**
 * For commands of the model that only read, where git runs with the rest of the user's environment. A bare repository that
 * came as files of the project counts for nothing, and so does what a submodule's own settings name.
 */
const READING_SETTINGS = [
  ...SETTINGS.filter((setting) => !WORDING.includes(setting.slice(0, setting.indexOf('=')))),
  'safe.bareRepository=explicit',
  'diff.ignoreSubmodules=dirty',
];

/** Before the name of the command. */
export const HARDENED_OPTIONS: readonly string[] = [
  '--no-pager',
  '--no-replace-objects',
  ...SETTINGS.flatMap((setting) => ['-c', setting]),
];

/** What git may know of the user's surroundings; above all no GIT_ variable, no askpass program, no editor. */
const PASSED_ON = ['HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'SystemRoot', 'USERPROFILE'];

export function hardenedEnvironment(base: Environment, searchPath: string): Record<string, string> {
  const passed = PASSED_ON.flatMap((name): [string, string][] => {
    const value = base[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passed),
    PATH: searchPath,
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ATTR_NOSYSTEM: '1',
    // Nothing is fetched for a clone that is not whole, also by a git too old for the first of the two.
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_PAGER: 'cat',
    GIT_EDITOR: 'false',
    // A user's trace settings would write a file for each call of keel's.
    GIT_TRACE2: '0',
    GIT_TRACE2_EVENT: '0',
    GIT_TRACE2_PERF: '0',
  };
}

/**
 * An environment in which `git status`, `log`, `diff`, `show` and `branch` start no program that settings name, other than
 * filters and drivers for comparing files (`namesDrivers`). Settings that the environment has already stay, those here win.
 */
export function readingEnvironment(base: Readonly<Record<string, string>>): Record<string, string> {
  const { GIT_EXTERNAL_DIFF: _diff, GIT_DIR: _dir, GIT_CONFIG_PARAMETERS: _parameters, ...rest } = base;
  const before = Number.parseInt(base['GIT_CONFIG_COUNT'] ?? '0', 10) || 0;
  const entries = READING_SETTINGS.flatMap((setting, at): [string, string][] => {
    const end = setting.indexOf('=');
    return [
      [`GIT_CONFIG_KEY_${before + at}`, setting.slice(0, end)],
      [`GIT_CONFIG_VALUE_${before + at}`, setting.slice(end + 1)],
    ];
  });
  return {
    ...rest,
    ...Object.fromEntries(entries),
    GIT_CONFIG_COUNT: String(before + READING_SETTINGS.length),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_PAGER: 'cat',
  };
}
