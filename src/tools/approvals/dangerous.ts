import { baseName } from './shell/words.ts';

const GIT_OPTIONS_WITH_VALUE = new Set([
  '-C',
  '-c',
  '--config-env',
  '--exec-path',
  '--git-dir',
  '--namespace',
  '--super-prefix',
  '--work-tree',
]);

/** Whether a command itself may destroy work, whatever else it starts. A false alarm costs a question; it never forbids. */
export function isDestructive(words: readonly string[]): boolean {
  const [program = '', ...args] = words;
  switch (baseName(program)) {
    case 'rm':
      return hasOption(beforeDashes(args), { letters: /f/, names: ['--force'] });
    case 'git':
      return isDestructiveGit(args);
    case 'find':
      return args.includes('-delete');
    default:
      return false;
  }
}

function isDestructiveGit(words: readonly string[]): boolean {
  const [name, ...args] = subcommand(words);
  switch (name) {
    case 'reset':
    case 'rm':
      return true;
    case 'clean':
    case 'checkout':
      return hasOption(args, { letters: /f/, names: ['--force'] });
    case 'branch':
      return hasOption(args, { letters: /[dD]/, names: ['--delete'] });
    case 'push': {
      const names = ['--force', '--force-with-lease', '--mirror', '--delete', '--prune'];
      return hasOption(args, { letters: /[fd]/, names }) || args.some((arg) => /^[+:]/.test(arg));
    }
    default:
      return false;
  }
}

/** The subcommand and its arguments, after git's own options. */
function subcommand(args: readonly string[]): readonly string[] {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (GIT_OPTIONS_WITH_VALUE.has(arg)) at += 1;
    else if (!arg.startsWith('-')) return args.slice(at);
  }
  return [];
}

function beforeDashes(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  return at === -1 ? args : args.slice(0, at);
}

/** Several short options may share one dash; a long one may be abbreviated to two letters. */
function hasOption(
  args: readonly string[],
  { letters, names }: { readonly letters: RegExp; readonly names: readonly string[] },
): boolean {
  return args.some((arg) => {
    if (/^-[A-Za-z]+$/.test(arg)) return letters.test(arg);
    const [option = ''] = arg.split('=', 1);
    return option.length >= 4 && names.some((name) => name.startsWith(option));
  });
}
