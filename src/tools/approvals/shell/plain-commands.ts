import { gapKind, namedChildren, passesOver, type SyntaxNode, type SyntaxTree, textBetween } from './syntax-tree.ts';
import { literal, type PlainCommand, type Word } from './words.ts';

const ALLOWED = new Set([
  'program',
  'list',
  'pipeline',
  'command',
  'command_name',
  'word',
  'string',
  'string_content',
  'raw_string',
  'number',
  'concatenation',
]);
const ALLOWED_TOKENS = new Set(['&&', '||', ';', '|', '"', "'"]);
/** Names that start something other than a simple command, which the grammar takes for one in places. */
const RESERVED = new Set(
  'coproc function select in do done then else elif fi esac if for while until case [[ { } !'.split(' '),
);
/** The grammar takes a line break before a backslash for a part of the next word, which bash does not. */
const BLANK = /\s/;

/**
 * The commands of a script that consists of plain words joined by `&&`, `||`, `;`, `|` or line breaks, in order. Null for
 * any other: its words don't show what it does.
 */
export function plainCommands(root: SyntaxTree): PlainCommand[] | null {
  if (root.hasError) return null;
  const commands: PlainCommand[] = [];
  return collect(root, { root, commands }) ? commands : null;
}

interface Found {
  readonly root: SyntaxNode;
  readonly commands: PlainCommand[];
}

function collect(node: SyntaxNode, found: Found): boolean {
  if (node.isNamed ? !ALLOWED.has(node.type) : !isAllowedToken(node.type)) return false;
  if (passesOver(node, found.root)) return false;
  if (node.type === 'command') {
    const words = commandWords(node, found.root);
    if (words === null) return false;
    found.commands.push(words);
  }
  return node.children.every((child) => collect(child, found));
}

function isAllowedToken(type: string): boolean {
  return type.trim() === '' || ALLOWED_TOKENS.has(type);
}

function commandWords(command: SyntaxNode, root: SyntaxNode): PlainCommand | null {
  const words: Word[] = [];
  let end = command.at;
  for (const child of namedChildren(command)) {
    const word = child.type === 'command_name' ? commandName(child) : wordOf(child);
    if (word === null || gapKind(textBetween(root, end, child.at)) !== 'separates') return null;
    words.push(word);
    end = child.at + child.text.length;
  }
  return words.length === 0 ? null : words;
}

function commandName(node: SyntaxNode): Word | null {
  const [name] = namedChildren(node);
  return name?.type === 'word' && !RESERVED.has(name.text) ? wordOf(name) : null;
}

function wordOf(node: SyntaxNode): Word | null {
  switch (node.type) {
    case 'word':
    case 'number':
      if (BLANK.test(node.text)) return null;
      return { text: node.text, isDynamic: /[\\*?[{]/.test(node.text), isComposed: false, at: node.at };
    case 'string':
      return quoted(node);
    case 'raw_string':
      return literal(node.text.slice(1, -1), node.at);
    case 'concatenation':
      return joined(node);
    default:
      return null;
  }
}

function quoted(node: SyntaxNode): Word | null {
  if (!namedChildren(node).every(({ type }) => type === 'string_content')) return null;
  const text = node.text.slice(1, -1);
  return { text, isDynamic: text.includes('\\'), isComposed: text === '' || text.includes('\n'), at: node.at };
}

function joined(node: SyntaxNode): Word | null {
  let text = '';
  let isDynamic = false;
  for (const child of namedChildren(node)) {
    const part = child.type === 'concatenation' ? null : wordOf(child);
    if (part === null) return null;
    text += part.text;
    isDynamic ||= part.isDynamic;
  }
  const unquoted = unquotedOf(node);
  if (text === '' || BLANK.test(unquoted)) return null;
  return { text, isDynamic: isDynamic || /[*?[{\\]/.test(unquoted), isComposed: true, at: node.at };
}

/** The text between the quoted parts of a word: the grammar has no nodes for some of it. */
function unquotedOf(node: SyntaxNode): string {
  return node.children.map((child) => (child.isNamed ? '' : child.text)).join('');
}
