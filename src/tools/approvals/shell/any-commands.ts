import { gapKind, hasBlank, namedChildren, passesOver, type SyntaxNode, textBetween } from './syntax-tree.ts';
import { ANY_TEXT, ANY_WORDS, isUnknown, marked, type PlainCommand, UNKNOWN_COMMAND } from './words.ts';

/** Commands and texts that a script mentions, whatever it does with them. */
export interface Mentions {
  /** The words of every command, also inside loops, functions, substitutions and redirections. */
  readonly commands: readonly PlainCommand[];
  /** Texts that it could hand to a shell as scripts: here-documents, assigned values, what it prints. */
  readonly texts: readonly string[];
}

const PRINTERS = new Set(['echo', 'printf']);

/**
 * Every command anywhere in a script. Quotes are removed; what only the shell knows is marked as unknown.
 */
export function anyCommands(root: SyntaxNode): Mentions {
  const commands: PlainCommand[] = [];
  const texts: string[] = [];
  // Without recursion: a script may nest deeper than the stack reaches.
  const left: SyntaxNode[] = [root];
  for (let node = left.pop(); node; node = left.pop()) {
    if (passesOver(node, root)) commands.push(UNKNOWN_COMMAND);
    if (node.type === 'command') commands.push(...commandsOf(node, root));
    if (node.type === 'redirected_statement') commands.push(...commandsAround(node, root));
    texts.push(...textsIn(node));
    for (let at = node.children.length - 1; at >= 0; at -= 1) {
      const child = node.children[at];
      if (child) left.push(child);
    }
  }
  return { commands, texts: [...texts, ...printedTexts(commands)] };
}

/** The texts that commands such as `echo` print. */
export function printedTexts(commands: readonly PlainCommand[]): string[] {
  const printing = commands.filter(([program]) => program && PRINTERS.has(program.text));
  return printing.map(([, ...args]) => args.map(({ text }) => text).join(' '));
}

/** One command, or more where the grammar reads past the end of a line. */
function commandsOf(command: SyntaxNode, root: SyntaxNode): PlainCommand[] {
  const lines: string[][] = [[]];
  let end = command.at;
  for (const node of namedChildren(command)) {
    const from = end;
    end = node.at + node.text.length;
    if (/assignment|redirect/.test(node.type)) continue;
    const line = lines.at(-1) ?? [];
    const gap = gapKind(textBetween(root, from, node.at));
    if (gap === 'joins' && line.length > 0) line.push(`${line.pop() ?? ''}${unquoted(node)}`);
    else if (gap === 'ends the line' || /^\s*\n/.test(node.text)) lines.push([unquoted(trimmed(node))]);
    else line.push(unquoted(node));
    if (gap === 'unknown') lines.push([ANY_WORDS], []);
    // A word with a blank contains the start of a command that the tree does not show.
    if (hasBlank(node)) lines.push([ANY_WORDS], []);
  }
  return lines.filter((words) => words.length > 0).map((words) => words.map((text) => marked(text)));
}

/** The grammar takes words after a redirection for parts of it, as in `git >log push`; they are arguments. */
function commandsAround(statement: SyntaxNode, root: SyntaxNode): PlainCommand[] {
  const [body, ...redirects] = statement.children;
  const more = redirects.flatMap(wordsBehind);
  const command = body === undefined ? null : lastCommand(body);
  if (command === null || more.length === 0) return [];
  const words = commandsOf(command, root).at(-1) ?? [];
  return [[...words, ...more.map((node) => marked(unquoted(node)))]];
}

function lastCommand(node: SyntaxNode): SyntaxNode | null {
  if (node.type === 'command') return node;
  const last = ['pipeline', 'list', 'negated_command'].includes(node.type) ? node.children.at(-1) : undefined;
  return last === undefined ? null : lastCommand(last);
}

function wordsBehind({ type, children }: SyntaxNode): SyntaxNode[] {
  const parts = children.filter(
    ({ isNamed, type: part }) => isNamed && !/^(?:file_descriptor|heredoc_|pipeline|list|command)/.test(part),
  );
  if (type === 'heredoc_redirect')
    return parts.flatMap((part) => (/redirect/.test(part.type) ? wordsBehind(part) : [part]));
  if (type !== 'file_redirect') return [];
  // `2>&-` has no file.
  const closes = children.some(({ isNamed, text }) => !isNamed && text.endsWith('-'));
  return closes ? parts : parts.slice(1);
}

function trimmed(node: SyntaxNode): SyntaxNode {
  return { ...node, text: node.text.trimStart() };
}

function textsIn(node: SyntaxNode): string[] {
  switch (node.type) {
    case 'heredoc_body':
      return [node.text];
    case 'herestring_redirect':
    case 'variable_assignment':
      return namedChildren(node).slice(-1).map(unquoted);
    default:
      return [];
  }
}

/** The text of a word without its quotes. */
function unquoted(node: SyntaxNode): string {
  switch (node.type) {
    case 'command_name':
    case 'concatenation':
      // The grammar has no nodes for some of the text between the parts.
      return node.children.map((child) => (child.isNamed ? unquoted(child) : bare(child.text))).join('');
    case 'number':
    case 'word':
      return bare(node.text);
    case 'raw_string':
      return node.text.slice(1, -1);
    case 'ansi_c_string':
      return decoded(node.text.slice(2, -1));
    case 'translated_string':
      return namedChildren(node).map(unquoted).join('');
    case 'string':
      return doubleQuoted(node);
    default:
      return ANY_WORDS;
  }
}

/** A word that is not quoted: a glob stays one text, a brace or a blank that the grammar took for a part of it does not. */
function bare(text: string): string {
  return text.replace(/^~[^/]*/, ANY_TEXT).replaceAll(/\\(\n|[\s\S])|[*?[\]]|[{}\s]/g, (found, escaped?: string) => {
    if (escaped !== undefined) return escaped === '\n' ? '' : escaped;
    return /[{}\s]/.test(found) ? ANY_WORDS : ANY_TEXT;
  });
}

function doubleQuoted(node: SyntaxNode): string {
  const text = node.text.slice(1, -1);
  const expands = namedChildren(node).some(({ type }) => type !== 'string_content');
  // `"$@"` is as many words as there are arguments.
  if (expands && /[@*]/.test(text)) return ANY_WORDS;
  const plain = text.replaceAll(/\\(["\\$`\n])/g, (_, character: string) => (character === '\n' ? '' : character));
  if (!expands) return plain;
  const parts = node.children.slice(1, -1).map((child) => (child.type === 'string_content' ? child.text : ANY_TEXT));
  return parts.join('').replaceAll(/\\(["\\$`])/g, '$1');
}

/** The text of `$'…'`, in which any character may be written as its number. */
function decoded(text: string): string {
  const codes = /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|([\s\S]))/g;
  const plain = text.replaceAll(
    codes,
    (_match, hex?: string, unicode?: string, long?: string, octal?: string, other?: string) => {
      const code = hex ?? unicode ?? long;
      if (code !== undefined) return character(Number.parseInt(code, 16));
      return octal === undefined ? letter(other ?? '') : character(Number.parseInt(octal, 8) & 0xff);
    },
  );
  return isUnknown(plain) ? ANY_WORDS : plain;
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ANY_TEXT;
}

const LETTERS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

function letter(escaped: string): string {
  // `\cX` and its like are in no real program's name.
  if (escaped === 'c') return ANY_WORDS;
  return LETTERS[escaped] ?? (escaped === 'e' || escaped === 'E' ? '\x1b' : escaped);
}
