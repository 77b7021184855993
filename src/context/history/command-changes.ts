/** A file that a command line changes, as its words say. */
export interface CommandChange {
  readonly path: string;
  readonly kind: 'M' | 'D';
}

interface Word {
  readonly text: string;
  /** `>` and its like, `;`, `|` and their like, or a word. */
  readonly type: 'redirect' | 'end' | 'word';
}

/** Scratch files, devices, and names that only the shell knows: no file of the project that could be named. */
const NOT_OF_PROJECT = /^(?:\/dev\/|\/tmp\/|\/var\/tmp\/|&|-?$)|[$`*?]/;
const PREFIXES = new Set(['sudo', 'env', 'command', 'time', 'nohup']);

/**
 * Files that a command line writes, moves or removes, read off its words: redirections and the common tools. What a program
 * does by itself (a formatter, a code generator) is not in the words and not found.
 */
export function changesOf(script: string): CommandChange[] {
  const changes: CommandChange[] = [];
  let words: string[] = [];
  const tokens = wordsOf(withoutHereDocuments(script));
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token?.type === 'redirect') {
      const target = tokens[at + 1];
      if (target?.type === 'word') changes.push({ path: target.text, kind: 'M' });
      at += 1;
    } else if (token?.type === 'word') words.push(token.text);
    else {
      changes.push(...changesOfCommand(words));
      words = [];
    }
  }
  changes.push(...changesOfCommand(words));
  return changes.filter(({ path }) => path !== '' && !NOT_OF_PROJECT.test(path));
}

function changesOfCommand(words: readonly string[]): CommandChange[] {
  const start = words.findIndex((word) => !PREFIXES.has(word) && !/^\w+=/.test(word));
  const [name = '', ...args] = start === -1 ? [] : words.slice(start);
  const operands = args.filter((arg) => !arg.startsWith('-'));
  const modified = (paths: readonly string[]) => paths.map((path): CommandChange => ({ path, kind: 'M' }));
  const deleted = (paths: readonly string[]) => paths.map((path): CommandChange => ({ path, kind: 'D' }));
  switch (name.slice(name.lastIndexOf('/') + 1)) {
    case 'tee':
    case 'touch':
    case 'patch':
      return modified(operands);
    case 'truncate':
      return modified(operands.slice(-1));
    case 'rm':
    case 'unlink':
      return deleted(operands);
    case 'mv':
      return [...deleted(operands.slice(0, -1)), ...modified(operands.slice(-1))];
    case 'cp':
    case 'install':
    case 'ln':
      return modified(operands.slice(-1));
    case 'sed':
    case 'perl':
      return modified(editedInPlace(args));
    case 'git':
      return changesOfGit(args);
    default:
      return [];
  }
}

/** `sed -i SCRIPT FILE...`, `sed -i -e SCRIPT FILE...`, `perl -pi -e SCRIPT FILE...`. */
function editedInPlace(args: readonly string[]): string[] {
  if (!args.some((arg) => /^-[a-zA-Z]*i|^--in-place/.test(arg))) return [];
  const files: string[] = [];
  let hasScript = false;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (/^-[a-zA-Z]*[ef]$|^--(?:expression|file)$/.test(arg)) {
      hasScript = true;
      at += 1;
    } else if (!arg.startsWith('-')) files.push(arg);
  }
  return hasScript ? files : files.slice(1);
}

function changesOfGit([verb = '', ...args]: readonly string[]): CommandChange[] {
  const operands = args.filter((arg) => !arg.startsWith('-'));
  if (verb === 'rm') return operands.map((path) => ({ path, kind: 'D' }));
  if (verb === 'restore') return operands.map((path) => ({ path, kind: 'M' }));
  if (verb === 'checkout' && args.includes('--')) {
    return args.slice(args.indexOf('--') + 1).map((path) => ({ path, kind: 'M' }));
  }
  if (verb !== 'mv') return [];
  const [from = '', to = ''] = operands;
  return [
    { path: from, kind: 'D' },
    { path: to, kind: 'M' },
  ];
}

/** The text of a here-document is no command. */
function withoutHereDocuments(script: string): string {
  const kept: string[] = [];
  let ends: string[] = [];
  for (const line of script.split('\n')) {
    if (ends.length > 0) {
      if (line.trim() === ends[0]) ends = ends.slice(1);
      continue;
    }
    ends = [...line.matchAll(/(?<!<)<<-?\s*(["']?)([\w.-]+)\1/g)].map((match) => match[2] ?? '');
    kept.push(line);
  }
  return kept.join('\n');
}

const TOKEN =
  /\s*(?:(#[^\n]*|\d*>&(?:\d+|-))|(\d*(?:&>>?|>>|>\||>&|>))|(\|\||&&|[;|&\n(){}])|((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\;|&<>(){}])+)|[<"'\\])/y;

function wordsOf(script: string): Word[] {
  const words: Word[] = [];
  for (const line of script.replaceAll('\\\n', ' ').split('\n')) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(line); match !== null && match[0] !== ''; match = TOKEN.exec(line)) {
      const [, , redirect, end, word] = match;
      if (redirect !== undefined) words.push({ type: 'redirect', text: redirect });
      else if (end !== undefined) words.push({ type: 'end', text: end });
      else if (word !== undefined) words.push({ type: 'word', text: unquoted(word) });
    }
    words.push({ type: 'end', text: '\n' });
  }
  return words;
}

function unquoted(word: string): string {
  return word.replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_, double, single, escaped) =>
    String(double ?? single ?? escaped ?? ''),
  );
}
