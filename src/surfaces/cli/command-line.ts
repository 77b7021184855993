import { parseArgs } from 'node:util';
import { nearestName, reasonOf } from '../../foundation/util/index.ts';
import type { CommandSpec, OptionSpecs } from './command-spec.ts';
import { HelpRequested, UsageError } from './usage.ts';

const HELP: ReadonlySet<string> = new Set(['--help', '-h']);

/** Options of other agents' command lines, with what does the same here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  '--print': '`keel exec PROMPT` prints the answer and ends',
  '--continue': '`keel resume --last` and `keel exec resume --last PROMPT` continue the newest thread',
  '--resume': '`keel resume THREAD` continues a thread',
  '--dangerously-skip-permissions': 'here it is --yolo',
  '--permission-mode': 'use --sandbox, and --ask-for-approval in the terminal',
  '--allowedTools': 'here it is --allowed-tools',
  '--disallowedTools': 'here it is --disallowed-tools',
  '--system-prompt': 'set model_instructions_file, or add to the instructions with --append-system-prompt',
};

/**
 * Reads the words after a command: its options, in any place, and the positional words. Every command has `--help`.
 * @throws UsageError for a wrong option, HelpRequested with the command
 */
export function readCommandLine<const T extends OptionSpecs>(words: readonly string[], spec: CommandSpec<T>) {
  const { options } = spec;
  const args = withOptionalValues(words, options);
  checkOptions(args, spec);
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(reasonOf(error));
  }
}

/** @throws UsageError if a command got more words than it takes */
export function refuseMore([word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`unexpected word: ${word}`);
}

/** The words before the command that a command line ends with, and that command. It starts behind `--`, or with the first word that isn't an option. */
export function splitAtCommand(words: readonly string[], options: OptionSpecs) {
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return { own: words.slice(0, at), command: words.slice(at + 1) };
    if (!isOption(word)) break;
    if (takesNextWord(word, options)) at += 1;
  }
  return { own: words.slice(0, at), command: words.slice(at) };
}

/** An option whose value may be left out gets an empty one. */
function withOptionalValues(words: readonly string[], options: OptionSpecs): string[] {
  const end = words.indexOf('--');
  return words.map((word, at) => {
    const isWithin = end === -1 || at < end;
    return isWithin && word.startsWith('--') && optionOf(options, word.slice(2))?.optional ? `${word}=` : word;
  });
}

/** Looks for help, options that don't exist and values that are missing. @throws HelpRequested, UsageError */
function checkOptions(words: readonly string[], spec: CommandSpec): void {
  const { options } = spec;
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  if (own.some((word) => HELP.has(word))) throw new HelpRequested(spec);
  for (let at = 0; at < own.length; at += 1) {
    const word = own[at] ?? '';
    if (!isOption(word)) continue;
    const name = nameOf(word, options);
    if (name === null) throw unknownOption(word, options);
    if (!takesNextWord(word, options)) continue;
    at += 1;
    const { value = 'VALUE' } = options[name] ?? {};
    const next = own[at];
    if (next === undefined) throw new UsageError(`${word} needs a value: ${word} ${value}`);
    if (isOption(next)) {
      throw new UsageError(`${word} needs a value, not the option ${next}; write --${name}=${next} if it is the value`);
    }
  }
}

function isOption(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

function optionOf(options: OptionSpecs, name: string) {
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

/** The option that a word is: `--name`, `--name=value`, `-n`, `-nvalue`; null if there is no such option. */
function nameOf(word: string, options: OptionSpecs): string | null {
  if (word.startsWith('--')) {
    const [name = ''] = word.slice(2).split('=');
    return optionOf(options, name) === undefined ? null : name;
  }
  return Object.entries(options).find(([, { short }]) => short === word[1])?.[0] ?? null;
}

function takesNextWord(word: string, options: OptionSpecs): boolean {
  const name = nameOf(word, options);
  const isWhole = word.startsWith('--') ? !word.includes('=') : word.length === 2;
  return isWhole && name !== null && options[name]?.type === 'string';
}

function unknownOption(word: string, options: OptionSpecs): UsageError {
  const [name = word] = word.split('=');
  const elsewhere = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
  if (elsewhere !== undefined) return new UsageError(`there is no option ${name}: ${elsewhere}`);
  const names = Object.keys(options).filter((one) => options[one]?.about !== undefined);
  const nearest = word.startsWith('--') ? nearestName(name.slice(2), names) : null;
  const hint = nearest === null ? '' : ` Did you mean --${nearest}?`;
  const prompt = /\s/.test(word) ? ' A prompt that starts with - goes behind --.' : '';
  return new UsageError(`there is no option ${name}.${hint}${prompt}`);
}
