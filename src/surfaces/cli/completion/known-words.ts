import type { OptionSpec } from '../command-spec.ts';
import type { Command, Program } from '../commands.ts';

/** What a shell knows of one command. */
export interface KnownCommand {
  /** Empty for keel without a command. */
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly string[];
  readonly options: readonly KnownOption[];
}

export interface KnownOption {
  /** `--model`, and `-m` where there is one. */
  readonly names: readonly string[];
  readonly about: string;
  readonly value: OptionValue;
}

/** What follows an option. */
export type OptionValue =
  | { readonly type: 'none' | 'file' | 'directory' | 'text' }
  | { readonly type: 'choice'; readonly choices: readonly string[] };

const HELP: KnownOption = { names: ['--help', '-h'], about: 'show this help', value: { type: 'none' } };

/** Every command, with keel without one first. Loads them all. */
export async function knownCommands({ commands, loadTerminal }: Program): Promise<readonly KnownCommand[]> {
  const entries = Object.entries(commands).map(async ([name, { summary, load }]) => known(name, summary, await load()));
  return [known('', 'open keel in this terminal', await loadTerminal()), ...(await Promise.all(entries))];
}

function known(name: string, summary: string, { spec }: Command): KnownCommand {
  const shown = Object.entries(spec.options).filter(([, { about }]) => about !== undefined);
  return {
    name,
    summary,
    verbs: Object.keys(spec.verbs ?? {}),
    options: [...shown.map(([option, facts]) => knownOption(option, facts)), HELP],
  };
}

function knownOption(name: string, { short, also, about = '', ...rest }: OptionSpec): KnownOption {
  const names = [
    `--${name}`,
    ...(also === undefined ? [] : [`--${also}`]),
    ...(short === undefined ? [] : [`-${short}`]),
  ];
  return { names, about, value: optionValue(rest) };
}

function optionValue({
  type,
  value = '',
  choices,
  optional,
}: Omit<OptionSpec, 'short' | 'also' | 'about'>): OptionValue {
  if (choices !== undefined) return { type: 'choice', choices };
  if (type === 'boolean' || optional) return { type: 'none' };
  if (value === 'DIR') return { type: 'directory' };
  return { type: value.includes('FILE') ? 'file' : 'text' };
}

/** Names of options whose values are alike, over all commands; of a name with other values elsewhere, the first ones count. */
export function namesByValue(
  all: readonly KnownCommand[],
): ReadonlyMap<string, { value: OptionValue; names: string[] }> {
  const groups = new Map<string, { value: OptionValue; names: string[] }>();
  const seen = new Set<string>();
  for (const { names, value } of all.flatMap(({ options }) => options)) {
    if (value.type === 'none') continue;
    const key = value.type === 'choice' ? value.choices.join(' ') : value.type;
    const unseen = names.filter((name) => !seen.has(name));
    if (unseen.length === 0) continue;
    const group = groups.get(key) ?? { value, names: [] };
    group.names.push(...unseen);
    for (const name of names) seen.add(name);
    groups.set(key, group);
  }
  return groups;
}
