import { type PlainCommand, textsOf } from './shell/words.ts';

/** Directories in which only the machine's administrator installs programs. */
const TRUSTED_DIRECTORIES = new Set(['/bin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/sbin', '/usr/sbin']);
const ALWAYS = new Set(
  'cat cd echo false grep head ls nl pwd tail true wc which cut expr id paste rev seq stat tr uname whoami'.split(' '),
);
const ALWAYS_ON_LINUX = new Set(['numfmt', 'tac']);
const FIND_ACTIONS = new Set('-exec -execdir -ok -okdir -delete -fls -fprint -fprint0 -fprintf'.split(' '));
const GIT_READING = new Set(['branch', 'status', 'log', 'diff', 'show']);
/** Options that write files or start programs; git accepts abbreviations too. */
const GIT_PROGRAMS = ['--output', '--ext-diff', '--textconv', '--exec', '--paginate'];
const BRANCH_LISTING = /^(--list|-l|--show-current|-a|--all|-r|--remotes|-v|-vv|--verbose|--format=.*)$/;

/** The name of a program in a trusted directory, or without a directory; null for any other. */
export function trustedName(program: string): string | null {
  const at = program.lastIndexOf('/');
  if (at === -1) return program;
  return TRUSTED_DIRECTORIES.has(program.slice(0, at)) ? program.slice(at + 1) : null;
}

/** Whether a command only reads, whatever its arguments turn out to be. */
export function isKnownSafe(command: PlainCommand): boolean {
  const [program, ...rest] = command;
  const name = program && !program.isDynamic ? trustedName(program.text) : null;
  if (name === null) return false;
  if (ALWAYS.has(name) || (process.platform === 'linux' && ALWAYS_ON_LINUX.has(name))) return true;
  // The conditions are about what the program receives, which is unknown for a dynamic word.
  if (rest.some(({ isDynamic }) => isDynamic)) return false;
  const args = textsOf(rest);
  switch (name) {
    case 'find':
      return !args.some((arg) => FIND_ACTIONS.has(arg));
    case 'rg':
      return !args.some(
        (arg) =>
          /^(--search-zip|--pre|--pre=.*|--hostname-bin|--hostname-bin=.*)$/.test(arg) || /^-[A-Za-z0-9.]*z/.test(arg),
      );
    case 'sed':
      return isReadingSed(args);
    case 'base64':
      return !args.some((arg) => /^-[A-Za-z0-9]*o/.test(arg) || arg.startsWith('--o'));
    case 'uniq':
      return !args.includes('--') && args.filter((arg) => arg === '-' || !arg.startsWith('-')).length <= 1;
    case 'git':
      return isReadingGit(args);
    default:
      return false;
  }
}

/** `sed -n 1,40p [FILE]`: anything more could run programs or write files. */
function isReadingSed(args: readonly string[]): boolean {
  const [option, range = '', file = ''] = args;
  return args.length >= 2 && args.length <= 3 && option === '-n' && isRange(range) && !file.startsWith('-');
}

export function isRange(text: string): boolean {
  return /^\d+(,\d+)?p$/.test(text);
}

function isReadingGit(args: readonly string[]): boolean {
  const rest = [...args];
  for (let arg = rest[0]; arg?.startsWith('-'); arg = rest[0]) {
    // Another option could bring another configuration, which can start programs.
    if (arg === '-C') rest.splice(0, 2);
    else if (['--no-pager', '--no-optional-locks', '--literal-pathspecs'].includes(arg)) rest.shift();
    else return false;
  }
  const [name, ...more] = rest;
  if (name === undefined || !GIT_READING.has(name)) return false;
  if (more.some((arg) => startsProgram(arg) || /^(-c|--config-env)/.test(arg))) return false;
  return name !== 'branch' || more.every((arg) => BRANCH_LISTING.test(arg));
}

function startsProgram(arg: string): boolean {
  const [option = ''] = arg.split('=', 1);
  return option.length > 3 && GIT_PROGRAMS.some((name) => name.startsWith(option));
}
