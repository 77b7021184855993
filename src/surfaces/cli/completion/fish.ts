import type { KnownCommand, KnownOption } from './known-words.ts';

/** A completion script for fish. */
export function fishScript(all: readonly KnownCommand[]): string {
  const named = all.filter(({ name }) => name !== '');
  const names = named.map(({ name }) => name).join(' ');
  const lines = all.flatMap(({ name, summary, verbs, options }) => {
    const within = name === '' ? `not __fish_seen_subcommand_from ${names}` : `__fish_seen_subcommand_from ${name}`;
    return [
      ...(name === ''
        ? []
        : [`complete -c keel -f -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d ${quoted(summary)}`]),
      ...(verbs.length === 0 ? [] : [`complete -c keel -n '${within}' -a '${verbs.join(' ')}'`]),
      ...options.map((option) => `complete -c keel -n '${within}' ${described(option)}`),
    ];
  });
  return `# Completion of keel for fish: keel completion fish | source\n${lines.join('\n')}\n`;
}

function described({ names, about, value }: KnownOption): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const takes = {
    choice: value.type === 'choice' ? `-x -a '${value.choices.join(' ')}'` : '',
    directory: "-x -a '(__fish_complete_directories)'",
    file: '-r -F',
    text: '-x',
    none: '',
  }[value.type];
  return [...flags, takes, `-d ${quoted(about)}`].filter((part) => part !== '').join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
