import { type KnownCommand, namesByValue, type OptionValue } from './known-words.ts';

/** A completion script for bash. */
export function bashScript(all: readonly KnownCommand[]): string {
  const named = all.filter(({ name }) => name !== '');
  const values = [...namesByValue(all).values()].map(
    ({ value, names }) => `    ${names.join('|')}) ${reply(value)}; return ;;`,
  );
  const options = all.map(
    ({ name, options: known }) => `    '${name}') options='${known.flatMap(({ names }) => names).join(' ')}' ;;`,
  );
  const verbs = named
    .filter((command) => command.verbs.length > 0)
    .map((command) => `    '${command.name}') verbs='${command.verbs.join(' ')}' ;;`);
  return `# Completion of keel for bash: source <(keel completion bash)
_keel() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= verb= options= verbs= at word
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    case $word in
    --) return ;;
    -*) ;;
    *)
      if [[ $command ]]; then verb=$word; break; fi
      case $word in
      ${named.map(({ name }) => name).join('|')}) command=$word ;;
      esac ;;
    esac
  done
  case $prev in
${values.join('\n')}
  esac
  case $command in
${options.join('\n')}
  esac
  case $command in
    '') verbs='${named.map(({ name }) => name).join(' ')} help' ;;
${verbs.join('\n')}
  esac
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ ! $verb ]]; then COMPREPLY=($(compgen -W "$verbs" -- "$cur"))
  fi
}
complete -o default -F _keel keel
`;
}

function reply(value: OptionValue): string {
  if (value.type === 'choice') return `COMPREPLY=($(compgen -W '${value.choices.join(' ')}' -- "$cur"))`;
  if (value.type === 'directory') return 'COMPREPLY=($(compgen -d -- "$cur"))';
  return value.type === 'file' ? 'COMPREPLY=($(compgen -f -- "$cur"))' : 'compopt +o default';
}
