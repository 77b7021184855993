import type { CommandAction } from '../../foundation/protocol/index.ts';
import { isRange } from './known-safe.ts';
import { joinWords, splitWords } from './shell/shell-words.ts';

type Words = readonly string[];

const CONNECTORS = new Set(['|', '&&', '||', ';']);
const HELPERS = new Set(['wc', 'tr', 'cut', 'sort', 'uniq', 'xargs', 'tee', 'column', 'awk', 'yes', 'printf']);
const UNTELLING = new Set(['', 'build', 'dist', 'node_modules', 'src']);

/**
 * What a command line does, for people to read; never for a decision. `commands`: the plain commands of its script, null
 * if it is none or can't be reduced.
 */
export function summarise(argv: Words, commands: readonly Words[] | null): CommandAction[] {
  const script = loginScript(argv);
  if (script !== null) {
    const actions = commands === null || commands.length === 0 ? [unknown(script)] : ofScript(script, commands);
    return collapsed(actions);
  }
  if (argv.length === 0) return [unknown('')];
  const inner = plainScript(argv);
  const words = withoutAnswer(inner === null ? argv : (splitWords(inner) ?? argv));
  const parts = splitAt(words);
  return collapsed(simplified(inDirectories(parts)));
}

function loginScript(argv: Words): string | null {
  const [shell, option, script] = argv;
  const isShell = shell === 'bash' || shell === 'zsh';
  return argv.length === 3 && isShell && option === '-lc' && script !== undefined ? script : null;
}

function plainScript(argv: Words): string | null {
  const [shell, option, script] = argv;
  const isShell = shell === 'bash' || shell === 'zsh';
  return argv.length === 3 && isShell && option === '-c' && script !== undefined ? script : null;
}

function ofScript(script: string, commands: readonly Words[]): CommandAction[] {
  const kept = commands.filter((words) => !isHelper(words));
  if (kept.length === 0) return [unknown(script)];
  let actions = inDirectories(kept);
  if (actions.length > 1) {
    actions = simplified(actions.filter((action) => !(action.type === 'unknown' && action.command === 'true')));
  }
  const [only] = actions;
  if (actions.length !== 1 || !only) return actions;
  const words = splitWords(script) ?? [];
  const isConnected = commands.length > 1 || words.some((word) => CONNECTORS.has(word));
  if (!isConnected) return [{ ...only, command: joinWords(words) }];
  const readsRange =
    only.type === 'read' && words.includes('|') && words.some((word, at) => word === 'sed' && words[at + 1] === '-n');
  return readsRange ? [{ ...only, command: script }] : [only];
}

/** Commands that only shape what another one prints. */
function isHelper(words: Words): boolean {
  const [name = ''] = words;
  if (HELPERS.has(name)) return true;
  if (name === 'head' || name === 'tail') return words.length < 3;
  return name === 'sed' && !(words.length >= 4 && words[1] === '-n' && isRange(words[2] ?? ''));
}

/** `cd` moves the commands after it and is no action itself. */
function inDirectories(commands: readonly Words[]): CommandAction[] {
  let directory = '';
  return commands.flatMap((words): CommandAction[] => {
    if (words[0] === 'cd') {
      if (words[1] !== undefined) directory = joinPath(directory, words[1]);
      return [];
    }
    const action = actionOf(words);
    return [action.type === 'read' ? { ...action, path: joinPath(directory, action.path) } : action];
  });
}

function actionOf(words: Words): CommandAction {
  const [name = '', ...args] = words;
  const command = joinWords(words);
  switch (name) {
    case 'ls': {
      const flags = ['-I', '-w', '--block-size', '--format', '--time-style', '--color', '--quoting-style'];
      return { type: 'listFiles', command, path: shortOrNull(operands(skipped(args, flags))[0]) };
    }
    case 'rg':
      return ripgrep(command, upToConnector(args));
    case 'fd':
      return search(command, fdFacts(args));
    case 'find':
      return search(command, findFacts(args));
    case 'grep': {
      const [query, path] = operands(upToConnector(args));
      return search(command, { query, path });
    }
    default:
      return readOf(name, args, command) ?? unknown(command);
  }
}

function readOf(name: string, args: Words, command: string): CommandAction | null {
  const path = readPath(name, args);
  return path === undefined ? null : { type: 'read', command, name: shortPath(path), path };
}

function readPath(name: string, args: Words): string | undefined {
  switch (name) {
    case 'cat': {
      const rest = args[0] === '--' ? args.slice(1) : args;
      return rest.length === 1 ? rest[0] : undefined;
    }
    case 'head':
      return countedFile(args, /^\d+$/);
    case 'tail':
      return countedFile(args, /^\+?\d+$/);
    case 'nl':
      return operands(skipped(args, ['-s', '-w', '-v', '-i', '-b']))[0];
    case 'sed':
      return args[0] === '-n' && isRange(args[1] ?? '') ? args[2] : undefined;
    default:
      return undefined;
  }
}

/** `-n 40 FILE` or `-n40 FILE`. */
function countedFile(args: Words, count: RegExp): string | undefined {
  const [first = '', second = ''] = args;
  if (first === '-n' && count.test(second)) return operands(args.slice(2))[0];
  return first.startsWith('-n') && count.test(first.slice(2)) ? operands(args.slice(1))[0] : undefined;
}

interface SearchFacts {
  readonly query: string | undefined;
  readonly path: string | undefined;
}

function ripgrep(command: string, args: Words): CommandAction {
  const [first, second] = operands(args);
  return args.includes('--files')
    ? search(command, { query: undefined, path: first })
    : search(command, { query: first, path: second });
}

function fdFacts(args: Words): SearchFacts {
  const [first, second] = operands(
    skipped(args, ['-t', '--type', '-e', '--extension', '-E', '--exclude', '--search-path']),
  );
  if (second !== undefined) return { query: first, path: second };
  const isPath = first !== undefined && (first === '.' || first === '..' || /[/\\]/.test(first));
  return isPath ? { query: undefined, path: first } : { query: first, path: undefined };
}

function findFacts(args: Words): SearchFacts {
  const path = args.find((arg) => !arg.startsWith('-') && !['!', '(', ')'].includes(arg));
  const at = args.findIndex((arg) => ['-name', '-iname', '-path', '-regex'].includes(arg));
  return { query: at === -1 ? undefined : args[at + 1], path };
}

function search(command: string, { query, path }: SearchFacts): CommandAction {
  return { type: 'search', command, query: query ?? null, path: shortOrNull(path) };
}

function unknown(command: string): CommandAction {
  return { type: 'unknown', command };
}

/** Drops actions that add nothing beside others, one at a time, as long as another is left. */
function simplified(actions: readonly CommandAction[]): CommandAction[] {
  let left = [...actions];
  while (left.length > 1) {
    const at = left.findIndex((action, index) => isIdle(action, index, left.length));
    if (at === -1) return left;
    left = left.filter((_, index) => index !== at);
  }
  return left;
}

function isIdle(action: CommandAction, index: number, count: number): boolean {
  if (action.type !== 'unknown') return false;
  const { command } = action;
  if (index === 0 && (command === 'echo' || command.startsWith('echo '))) return true;
  if (command.startsWith('cd ') && index < count - 1) return true;
  return command === 'true' || /^nl( -\S+)*$/.test(command);
}

function collapsed(actions: readonly CommandAction[]): CommandAction[] {
  return actions.filter((action, at) => JSON.stringify(action) !== JSON.stringify(actions[at - 1]));
}

function withoutAnswer(words: Words): Words {
  return ['yes', 'y', 'no', 'n'].includes(words[0] ?? '') && words[1] === '|' ? words.slice(2) : words;
}

function splitAt(words: Words): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (CONNECTORS.has(word)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts.filter((part) => part.length > 0);
}

function upToConnector(args: Words): Words {
  const end = args.findIndex((arg) => CONNECTORS.has(arg));
  return end === -1 ? args : args.slice(0, end);
}

function operands(args: Words): string[] {
  return args.filter((arg) => !arg.startsWith('-'));
}

/** Without `--x=y`, and without each of `flags` and the value after it; all is kept after `--`. */
function skipped(args: Words, flags: Words): string[] {
  const kept: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') return [...kept, ...args.slice(at + 1)];
    if (/^--[^=]+=/.test(arg)) continue;
    if (flags.includes(arg)) at += 1;
    else kept.push(arg);
  }
  return kept;
}

function shortOrNull(path: string | undefined): string | null {
  return path === undefined ? null : shortPath(path);
}

/** The most distinctive part of a path. */
function shortPath(path: string): string {
  const trimmed = path.replaceAll('\\', '/').replace(/\/+$/, '');
  return trimmed.split('/').findLast((part) => !UNTELLING.has(part)) ?? trimmed;
}

function joinPath(base: string, path: string): string {
  const isAbsolute = path.startsWith('/') || /^[A-Za-z]:\\/.test(path) || path.startsWith('\\\\');
  return isAbsolute || base === '' ? path : `${base}${base.endsWith('/') ? '' : '/'}${path}`;
}
