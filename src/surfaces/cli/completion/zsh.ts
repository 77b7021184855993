import { type KnownCommand, namesByValue, type OptionValue } from './known-words.ts';

/** A completion script for zsh. */
export function zshScript(all: readonly KnownCommand[]): string {
  const named = all.filter(({ name }) => name !== '');
  const values = [...namesByValue(all).values()].map(
    ({ value, names }) => `    ${names.join('|')}) ${reply(value)}; return ;;`,
  );
  const options = all.map(({ name, options: known }) => {
    const words = known.flatMap(({ names, about }) => names.map((one) => described(one, about)));
    return `    '${name}') options=(${words.join(' ')}) ;;`;
  });
  const verbs = named
    .filter((command) => command.verbs.length > 0)
    .map((command) => `    '${command.name}') verbs=(${command.verbs.join(' ')}) ;;`);
  return `#compdef keel
# Completion of keel for zsh: source <(keel completion zsh), after compinit.
_keel() {
  local command= verb= word
  local -a options verbs
  for word in \${words[2,CURRENT-1]}; do
    case $word in
    --) return ;;
    -*) ;;
    *)
      if [[ -n $command ]]; then verb=$word; break; fi
      case $word in
      ${named.map(({ name }) => name).join('|')}) command=$word ;;
      esac ;;
    esac
  done
  case $words[CURRENT-1] in
${values.join('\n')}
  esac
  case $command in
${options.join('\n')}
  esac
  case $command in
    '') verbs=(${named.map(({ name, summary }) => described(name, summary)).join(' ')}) ;;
${verbs.join('\n')}
  esac
  if [[ $words[CURRENT] == -* ]]; then _describe -o option options
  elif [[ -z $verb ]] && (( $#verbs )); then _describe command verbs || _files
  else _files
  fi
}
compdef _keel keel
`;
}

function described(word: string, about: string): string {
  return `'${word}:${about.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`;
}

function reply(value: OptionValue): string {
  if (value.type === 'choice') return `compadd ${value.choices.join(' ')}`;
  return { directory: '_files -/', file: '_files', text: ':', none: ':' }[value.type];
}
