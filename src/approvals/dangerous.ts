import { baseName } from './words.ts';

/** Whether a script that a command hands to a shell destroys something. */
export type ScriptScan = (script: string) => boolean;

/** Programs that run another one, with those of their options that take a value. */
const WRAPPERS: Readonly<Record<string, RegExp>> = {
  sudo: /^(-[ugpCrtThUDR]|--(user|group|prompt|host|chdir|chroot|role|type))$/,
  doas: /^-[uC]$/,
  env: /^(-[uC]|--(unset|chdir))$/,
  command: /^$/,
  exec: /^-a$/,
  builtin: /^$/,
  nohup: /^$/,
  time: /^-[fo]$/,
  nice: /^(-n|--adjustment)$/,
  timeout: /^(-[ks]|--(kill-after|signal))$/,
  xargs: /^-[InPLdEsa]$/,
};
const SHELLS = new Set(['bash', 'sh', 'zsh', 'dash', 'ksh']);
const EXECUTING = new Set(['-exec', '-execdir', '-ok', '-okdir']);
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
/** Wrappers nest, and so do scripts: no real command goes this deep. */
const MAX_DEPTH = 8;

/** Whether a command may destroy work. A false alarm costs a question; it never forbids. */
export function isDangerous(words: readonly string[], scan: ScriptScan, depth = 0): boolean {
  const [program = '', ...args] = words;
  const name = baseName(program);
  if (depth > MAX_DEPTH) return true;
  if (name === 'rm') return beforeDashes(args).some((arg) => arg === '--force' || isCluster(arg, /f/));
  if (name === 'git') return isDangerousGit(args);
  if (name === 'find') return isDangerousFind(args, scan, depth);
  if (SHELLS.has(name)) {
    const script = scriptOf(args);
    return script !== null && scan(script);
  }
  const wrapped = Object.hasOwn(WRAPPERS, name) ? behindWrapper(name, args) : null;
  return wrapped !== null && wrapped.length > 0 && isDangerous(wrapped, scan, depth + 1);
}

/** What a git command line does and with what; null if it names nothing. */
export function gitSubcommand(args: readonly string[]): { readonly name: string; readonly args: string[] } | null {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (GIT_OPTIONS_WITH_VALUE.has(arg)) at += 1;
    else if (!arg.startsWith('-')) return { name: arg, args: args.slice(at + 1) };
  }
  return null;
}

function isDangerousGit(args: readonly string[]): boolean {
  const command = gitSubcommand(args);
  if (command === null) return false;
  const has = (...options: readonly string[]) => command.args.some((arg) => options.includes(arg));
  const short = (letters: RegExp) => command.args.some((arg) => isCluster(arg, letters));
  switch (command.name) {
    case 'reset':
    case 'rm':
      return true;
    case 'clean':
      return has('--force') || short(/f/);
    case 'branch':
      return has('--delete') || short(/[dD]/);
    case 'checkout':
      return has('--force') || short(/f/);
    case 'push':
      return (
        has('--force', '--mirror', '--delete', '--prune') ||
        short(/[fd]/) ||
        command.args.some((arg) => /^(--force-with-lease|\+|:)/.test(arg))
      );
    default:
      return false;
  }
}

function isDangerousFind(args: readonly string[], scan: ScriptScan, depth: number): boolean {
  if (args.includes('-delete')) return true;
  return args.some((arg, at) => {
    if (!EXECUTING.has(arg)) return false;
    const rest = args.slice(at + 1);
    const end = rest.findIndex((word) => word === ';' || word === '+');
    return isDangerous(end === -1 ? rest : rest.slice(0, end), scan, depth + 1);
  });
}

/** The script that `-c` hands to a shell. */
function scriptOf(args: readonly string[]): string | null {
  const at = args.findIndex((arg) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(arg));
  return at === -1 ? null : (args.slice(at + 1).find((arg) => !arg.startsWith('-')) ?? null);
}

function behindWrapper(name: string, args: readonly string[]): string[] {
  const takesValue = WRAPPERS[name] ?? /^$/;
  let at = 0;
  for (; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      at += 1;
      break;
    }
    if (takesValue.test(arg)) at += 1;
    else if (!arg.startsWith('-') && !((name === 'env' || name === 'sudo') && /^\w+=/.test(arg))) break;
  }
  const rest = args.slice(name === 'timeout' ? at + 1 : at);
  const assignments = name === 'env' || name === 'sudo' ? rest.findIndex((arg) => !/^\w+=/.test(arg)) : 0;
  return assignments === -1 ? [] : rest.slice(assignments);
}

function beforeDashes(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  return at === -1 ? args : args.slice(0, at);
}

/** Short options, several of which may share one dash. */
function isCluster(arg: string, letters: RegExp): boolean {
  return /^-[A-Za-z]+$/.test(arg) && letters.test(arg);
}
