import { namedChildren, type SyntaxNode } from './syntax-tree.ts';

/**
 * The words of every command anywhere in a script, also inside what can't be reduced to plain commands: loops,
 * substitutions, redirections. Quotes are taken off; what only the shell can tell stays as it is written.
 */
export function anyCommands(root: SyntaxNode): string[][] {
  const found: string[][] = [];
  // Without recursion: a script may nest deeper than the stack reaches.
  const left: SyntaxNode[] = [root];
  for (let node = left.pop(); node; node = left.pop()) {
    const words = node.type === 'command' ? wordsOf(node) : [];
    if (words.length > 0) found.push(words);
    for (let at = node.children.length - 1; at >= 0; at -= 1) {
      const child = node.children[at];
      if (child) left.push(child);
    }
  }
  return found;
}

function wordsOf(command: SyntaxNode): string[] {
  return namedChildren(command)
    .filter(({ type }) => !/assignment|redirect/.test(type))
    .map(unquoted);
}

function unquoted(node: SyntaxNode): string {
  switch (node.type) {
    case 'command_name':
    case 'concatenation':
      return namedChildren(node).map(unquoted).join('');
    case 'word':
      return node.text.replaceAll(/\\([\s\S])/g, unescaped);
    case 'raw_string':
      return node.text.slice(1, -1);
    case 'ansi_c_string':
      return decoded(node.text.slice(2, -1));
    case 'translated_string':
      return namedChildren(node).map(unquoted).join('');
    case 'string':
      return node.text.slice(1, -1).replaceAll(/\\(["\\$`\n])/g, unescaped);
    default:
      return node.text;
  }
}

/** A backslash before a line break goes together with it. */
function unescaped(_match: string, character: string): string {
  return character === '\n' ? '' : character;
}

/** The text of `$'…'`, in which any character may be written as its number. */
function decoded(text: string): string {
  const codes = /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))/g;
  return text.replaceAll(codes, (_match, hex?: string, unicode?: string, octal?: string, other?: string) => {
    const code = hex ?? unicode;
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return octal === undefined ? (other ?? '') : String.fromCharCode(Number.parseInt(octal, 8));
  });
}
