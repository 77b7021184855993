import { ownValue } from '../../foundation/util/index.ts';
import {
  APPENDING,
  DATA_PROGRAMS,
  SCRIPT_OPTIONS,
  SCRIPT_RUNNERS,
  SHELL_OPTIONS_WITH_VALUE,
  SHELLS,
  WRAPPERS,
} from './command-kinds.ts';
import { ANY_TEXT, ANY_WORDS, isUnknown, knownBaseName, marked, type PlainCommand, type Word } from './shell/words.ts';

/** Commands and scripts that a command starts. */
export interface RunBy {
  /** Commands that it starts. */
  readonly commands: readonly PlainCommand[];
  /** A command for each later word, if one of these may be a command; `isCertain`: one of them is. */
  readonly later: { readonly commands: readonly PlainCommand[]; readonly isCertain: boolean };
  /** Scripts that it hands to a shell. */
  readonly scripts: readonly string[];
  /** It also runs a script from a file or its input, which keel has not seen. */
  readonly isBlind: boolean;
}

const NONE = { commands: [], isCertain: false };
const NOTHING: RunBy = { commands: [], later: NONE, scripts: [], isBlind: false };
const EXECUTING = new Set(['-exec', '-execdir', '-ok', '-okdir']);
/** The first words of a command decide its rules and dangers. */
const WORDS_LOOKED_AT = 50;
/** Words of git that are followed by a command. */
const RUNNING = [
  ['bisect', 'run'],
  ['submodule', 'foreach'],
] as const;
const ASSIGNMENT = /^\w+=/;

/** What a command starts: through `sudo` and its like, `find -exec`, a shell, `eval`. One step deep. */
export function runBy(command: PlainCommand, { withLater }: { readonly withLater: boolean }): RunBy {
  const [program, ...args] = command;
  const name = program === undefined ? null : knownBaseName(program.text);
  if (name === null) return NOTHING;
  if (SHELLS.has(name)) return ofShell(args);
  const scripts = scriptsOf(name, args);
  const isBlind = (name === 'source' || name === '.') && isUnseen(args[0]?.text);
  if (name === 'find') return { ...NOTHING, commands: executedByFind(args) };
  // `command -v` only looks a program up.
  if (name === 'command' && /^-[pvV]*[vV]/.test(args[0]?.text ?? '')) return NOTHING;
  return { commands: [], later: withLater ? laterOf(name, command) : NONE, scripts, isBlind };
}

function laterOf(name: string, command: PlainCommand): RunBy['later'] {
  if (WRAPPERS.has(name)) return { commands: laterCommands(command), isCertain: true };
  if (DATA_PROGRAMS.has(name)) return NONE;
  // Any word of any program may be unknown; that alone is no reason to ask.
  return { commands: laterCommands(command).filter(([first]) => !first?.isDynamic), isCertain: false };
}

/**
 * Every later word may be the first of the command: keel knows the options with values of few wrappers. A false alarm takes
 * an option's value that is named like a program.
 */
function laterCommands(command: PlainCommand): PlainCommand[] {
  let added: readonly Word[] = [];
  return command.flatMap(({ text }, at) => {
    const later =
      at === 0 || text.startsWith('-') || ASSIGNMENT.test(text)
        ? []
        : [[...command.slice(at, at + WORDS_LOOKED_AT), ...added]];
    if (APPENDING.has(knownBaseName(text) ?? '')) added = [marked(ANY_WORDS)];
    return later;
  });
}

function ofShell(args: readonly Word[]): RunBy {
  const texts = args.map(({ text }) => text);
  const at = texts.findIndex((text) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(text));
  // One of the words after `-c` is the script; the others are its arguments, or values of options.
  if (at !== -1) return { ...NOTHING, scripts: texts.slice(at + 1).filter((text) => !/^[-+][\w-]*$/.test(text)) };
  const file = texts.find(
    (text, index) => !/^[-+]/.test(text) && !SHELL_OPTIONS_WITH_VALUE.has(texts[index - 1] ?? ''),
  );
  const readsInput = texts.some((text) => /^-[a-zA-Z]*s[a-zA-Z]*$/.test(text));
  const onlyTells = texts.some((text) => text === '--version' || text === '--help');
  return { ...NOTHING, isBlind: !onlyTells && (readsInput || isUnseen(file)) };
}

/** Whether a script is not a file that keel could read: missing, or something that a command writes into. */
function isUnseen(file: string | undefined): boolean {
  return file === undefined || isUnknown(file) || /^(-|\/dev\/.*|\/proc\/.*)$/.test(file);
}

function scriptsOf(name: string, args: readonly Word[]): string[] {
  const texts = args.map(({ text }) => text);
  if (name === 'eval') return [texts.filter((text, at) => at > 0 || text !== '--').join(' ')];
  // A script that is not one word starts at one of the later words.
  if (SCRIPT_RUNNERS.has(name)) return texts.filter((text) => /\s/.test(text));
  if (name === 'trap') return texts.slice(0, 2).filter((text) => text !== '--');
  if (name === 'alias')
    return texts.filter((text) => text.includes('=')).map((text) => text.slice(text.indexOf('=') + 1));
  if (name === 'env') return splitByEnv(texts);
  const settings = name === 'git' ? scriptsOfGit(texts) : [];
  const options = ownValue(SCRIPT_OPTIONS, name) ?? [];
  const valued = texts.flatMap((text, at) => {
    const option = options.find((each) => text === each || text.startsWith(each.startsWith('--') ? `${each}=` : each));
    if (option === undefined) return [];
    return text === option ? texts.slice(at + 1, at + 2) : [text.slice(option.length).replace(/^=/, '')];
  });
  return [...settings, ...valued];
}

/** `env -S 'rm -f x'` splits its words itself. */
function splitByEnv(texts: readonly string[]): string[] {
  const at = texts.findIndex((arg) => /^(-[a-zA-Z]*S|--split-string)/.test(arg));
  const option = texts[at];
  if (option === undefined) return [];
  const attached = option.replace(/^(-[a-zA-Z]*?S|--split-string=?)/, '');
  return [[attached, ...texts.slice(at + 1)].join(' ').trim()];
}

/** An inner `-exec` ends the words of the outer one: it is judged on its own. */
function executedByFind(args: readonly Word[]): PlainCommand[] {
  return args.flatMap(({ text }, at) => {
    if (!EXECUTING.has(text)) return [];
    const rest = args.slice(at + 1, endOfExec(args, at + 1));
    const filled = rest.map((word) => (word.text.includes('{}') ? marked(word.text.replaceAll('{}', ANY_TEXT)) : word));
    return filled.length === 0 ? [] : [filled];
  });
}

function endOfExec(args: readonly Word[], from: number): number {
  const end = args.findIndex(({ text }, at) => at >= from && (text === ';' || text === '+' || EXECUTING.has(text)));
  return end === -1 ? args.length : end;
}

/** Settings of `git -c` that contain a command (an alias, a pager), `git bisect run` and `git submodule foreach`. */
function scriptsOfGit(texts: readonly string[]): string[] {
  const settings = texts.flatMap((text, at) => {
    const [, name = '', value = ''] = texts[at - 1] === '-c' ? (/^([^=]*)=(.*)$/s.exec(text) ?? []) : [];
    if (value === '') return [];
    return [name.startsWith('alias.') && !value.startsWith('!') ? `git ${value}` : value.replace(/^!/, '')];
  });
  const at = texts.findIndex((text, index) =>
    RUNNING.some(([verb, word]) => text === word && texts[index - 1] === verb),
  );
  return at === -1 ? settings : [...settings, texts.slice(at + 1).join(' ')];
}
