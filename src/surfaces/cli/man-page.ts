import { version } from '../../foundation/util/index.ts';
import type { CommandSpec } from './command-spec.ts';
import type { Program } from './commands.ts';
import { signature } from './help-text.ts';

const FILES: readonly (readonly [string, string])[] = [
  ['~/.keel/config.toml', 'settings; `keel config` shows those in force'],
  ['~/.keel/auth.json', 'the key that `keel login` stored'],
  ['~/.keel/sessions/', 'threads, one file each'],
  ['/etc/keel/config.toml, /etc/keel/managed_config.toml', "the machine's settings, and those that nothing overrides"],
];
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['KEEL_HOME', 'the directory in place of ~/.keel'],
  ['OPENAI_API_KEY, ANTHROPIC_API_KEY', 'keys of providers'],
  ['HTTPS_PROXY, NO_PROXY', 'how providers are reached'],
  ['NO_COLOR', 'no colours'],
];
const EXITS: readonly (readonly [string, string])[] = [
  ['0', 'it was done'],
  ['1', 'it failed'],
  ['2', 'the command line is wrong'],
  ['3', 'the budget ended the run'],
  ['129, 130, 143', 'stopped by SIGHUP, SIGINT, SIGTERM'],
];

/** The manual page in the macros of man(7), made of what every command says of itself. */
export async function manPage({ commands, loadTerminal }: Program): Promise<string> {
  const terminal = (await loadTerminal()).spec;
  const sections = await Promise.all(
    Object.entries(commands).map(async ([name, { load }]) => commandSection(name, (await load()).spec)),
  );
  return [
    `.TH KEEL 1 "" "keel ${escaped(version)}" "User Commands"`,
    '.SH NAME',
    'keel \\- a coding agent',
    '.SH SYNOPSIS',
    usage(['[options] [PROMPT]', 'COMMAND [options]']),
    '.SH OPTIONS',
    options(terminal),
    '.SH COMMANDS',
    ...sections,
    '.SH FILES',
    list(FILES),
    '.SH ENVIRONMENT',
    list(ENVIRONMENT),
    '.SH EXIT STATUS',
    list(EXITS),
    '',
  ].join('\n');
}

function commandSection(name: string, spec: CommandSpec): string {
  const verbs = Object.entries(spec.verbs ?? {}).filter(([, text]) => text !== '');
  const about = spec.about.map((text) => `.PP\n${escaped(text)}`);
  return [`.SS keel ${escaped(name)}`, usage(spec.usage), ...about, list(verbs), options(spec)]
    .filter((part) => part !== '')
    .join('\n');
}

function usage(lines: readonly string[]): string {
  return lines.map((line) => `.B keel\n${escaped(line)}`).join('\n.br\n');
}

function options({ options: known, headings = {} }: CommandSpec): string {
  const shown = Object.entries(known).filter(([, { about }]) => about !== undefined);
  return shown
    .map(([name, option]) => {
      const heading = headings[name] === undefined ? '' : `.PP\n.I ${escaped(headings[name])}\n`;
      return `${heading}${list([[signature(name, option), option.about ?? '']])}`;
    })
    .join('\n');
}

function list(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, text]) => `.TP\n.B ${escaped(name)}\n${escaped(text)}`).join('\n');
}

/** Text in which man(7) sees no macro and no escape. */
function escaped(text: string): string {
  const plain = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}
