import type { SyntaxNode } from './bash-grammar.ts';

/**
 * The words of every command anywhere in a script, also inside what can't be reduced to plain commands: loops,
 * substitutions, redirections. Quotes are taken off; what only the shell can tell stays as it is written.
 */
export function anyCommands(root: SyntaxNode): string[][] {
  return root.descendantsOfType('command').flatMap((node) => {
    const words = node === null ? [] : wordsOf(node);
    return words.length === 0 ? [] : [words];
  });
}

function wordsOf(command: SyntaxNode): string[] {
  const words: string[] = [];
  for (const child of command.namedChildren) {
    if (child === null || /assignment|redirect/.test(child.type)) continue;
    words.push(unquoted(child));
  }
  return words;
}

function unquoted(node: SyntaxNode): string {
  switch (node.type) {
    case 'command_name':
    case 'concatenation':
      return node.namedChildren.map((child) => (child === null ? '' : unquoted(child))).join('');
    case 'word':
      return node.text.replaceAll(/\\([\s\S])/g, '$1');
    case 'raw_string':
      return node.text.slice(1, -1);
    case 'ansi_c_string':
      return node.text.slice(2, -1);
    case 'string':
      return node.text.slice(1, -1).replaceAll(/\\(["\\$`])/g, '$1');
    default:
      return node.text;
  }
}
