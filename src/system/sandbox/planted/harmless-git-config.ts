import { ownValue } from '../../../foundation/util/index.ts';
import { type GitSetting, gitConfigLines } from '../protected/git-config-paths.ts';

/** Settings of a repository that make git run nothing and read nothing from elsewhere; `*`: all of a section. */
const HARMLESS: Readonly<Record<string, string>> = {
  advice: '*',
  apply: 'ignorewhitespace whitespace',
  author: 'email name',
  branch: 'autosetupmerge autosetuprebase description merge pushremote rebase remote vscode-merge-base',
  checkout: 'defaultremote guess workers',
  color: '*',
  column: '*',
  commit: 'cleanup gpgsign status verbose',
  committer: 'email name',
  core: `abbrev autocrlf bare bigfilethreshold checkstat commentchar commitgraph compression eol filemode fscache ignorecase
    logallrefupdates longpaths multipackindex precomposeunicode preloadindex protecthfs protectntfs quotepath
    repositoryformatversion safecrlf sharedrepository sparsecheckout sparsecheckoutcone splitindex symlinks trustctime
    untrackedcache whitespace worktree`,
  diff: 'algorithm colormoved context ignoresubmodules indentheuristic mnemonicprefix noprefix renamelimit renames submodule',
  extensions: '*',
  feature: '*',
  fetch: '*',
  gc: '*',
  index: '*',
  init: 'defaultbranch',
  lfs: 'repositoryformatversion',
  log: 'abbrevcommit date decorate follow',
  maintenance: '*',
  merge: 'autostash conflictstyle ff log renamelimit renames stat',
  pack: '*',
  pull: 'ff rebase',
  push: 'autosetupremote default followtags recursesubmodules',
  rebase: 'abbreviatecommands autosquash autostash missingcommitscheck stat updaterefs',
  receive: 'autogc denycurrentbranch denydeletes denynonfastforwards',
  remote:
    'fetch mirror partialclonefilter promisor prune prunetags push pushurl skipdefaultupdate skipfetchall tagopt url',
  rerere: '*',
  status: '*',
  submodule: 'active branch fetchrecursesubmodules ignore recurse shallow url',
  tag: 'gpgsign sort',
  uploadpack: 'allowanysha1inwant allowfilter allowreachablesha1inwant allowtipsha1inwant',
  user: 'email name signingkey useconfigonly',
};
/** Only there a name between quotes is no name of a driver or tool. */
const WITH_SUBSECTIONS = new Set(['branch', 'color', 'maintenance', 'remote', 'submodule']);
/** An address of this form names a program that git starts (`ext::`). */
const REMOTE_HELPER = /^[a-z0-9+.-]*::/i;

/** The configuration with every line turned into a comment that could make git run a program, or read settings from elsewhere. */
export function harmlessGitConfig(text: string): string {
  return gitConfigLines(text)
    .map(({ text: line, setting }) => (setting === null || isHarmless(setting) ? line : commentedOut(line)))
    .join('');
}

function isHarmless({ section, subsection, key, value }: GitSetting): boolean {
  if (key === '') return false;
  if (section === 'core' && key === 'fsmonitor') return value === 'true' || value === 'false';
  if (section === 'submodule' && key === 'update') return !value.startsWith('!');
  if (subsection !== '' && !WITH_SUBSECTIONS.has(section)) return false;
  if (section === 'remote' && key.endsWith('url') && REMOTE_HELPER.test(value)) return false;
  const known = ownValue(HARMLESS, section);
  return known === '*' || known?.split(/\s+/).includes(key) === true;
}

/** Headers on the same line are for the lines that follow. */
function commentedOut(line: string): string {
  const header = /^(?:\s*\[[^\]\n"]*(?:"(?:[^"\\\n]|\\.)*")?\s*\])+/.exec(line)?.[0] ?? '';
  const rest = line.slice(header.length).replace(/\n$/, '');
  const start = header === '' ? '' : `${header}\n`;
  return `${start}${rest
    .split('\n')
    .map((part) => `# made by a command, disabled by keel: ${part}`)
    .join('\n')}\n`;
}
