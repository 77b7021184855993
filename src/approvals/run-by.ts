import { baseName } from './words.ts';

/** What a command has others do for it. */
export interface RunBy {
  /** Commands that it starts, word by word. */
  readonly commands: readonly (readonly string[])[];
  /** A script that it hands to a shell. */
  readonly script: string | null;
}

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

/** What runs behind a command: behind `sudo` and its like, `find -exec`, a shell, `eval`. One step deep. */
export function runBy(words: readonly string[]): RunBy {
  const [program = '', ...args] = words;
  const name = baseName(program);
  if (SHELLS.has(name)) return { commands: [], script: scriptOf(args) };
  if (name === 'eval') return { commands: [], script: args.join(' ') };
  if (name === 'find') return { commands: executedByFind(args), script: null };
  if (!Object.hasOwn(WRAPPERS, name)) return { commands: [], script: null };
  const behind = behindWrapper(name, args);
  return { commands: behind.length === 0 ? [] : [behind], script: name === 'env' ? splitByEnv(args) : null };
}

/** An inner `-exec` ends the outer one's words: it is looked at on its own. */
function executedByFind(args: readonly string[]): string[][] {
  return args.flatMap((arg, at) => {
    if (!EXECUTING.has(arg)) return [];
    const rest = args.slice(at + 1, endOfExec(args, at + 1));
    return rest.length === 0 ? [] : [rest];
  });
}

function endOfExec(args: readonly string[], from: number): number {
  let at = from;
  for (; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === ';' || arg === '+' || EXECUTING.has(arg)) break;
  }
  return at;
}

/** The script that `-c` hands to a shell. */
function scriptOf(args: readonly string[]): string | null {
  const at = args.findIndex((arg) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(arg));
  return at === -1 ? null : (args.slice(at + 1).find((arg) => !arg.startsWith('-')) ?? null);
}

/** `env -S 'rm -f x'` splits its words itself. */
function splitByEnv(args: readonly string[]): string | null {
  const at = args.findIndex((arg) => /^(-[a-zA-Z]*S|--split-string)/.test(arg));
  const option = args[at];
  if (option === undefined) return null;
  const attached = option.replace(/^(-[a-zA-Z]*?S|--split-string=?)/, '');
  return [attached, ...args.slice(at + 1)].join(' ').trim();
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
