import type { Tree, TreeCursor } from 'web-tree-sitter';

/** A node of a parsed script, copied out of the parser's memory: reading it there costs a call for each field. */
export interface SyntaxNode {
  readonly type: string;
  /** False for signs such as `&&`, which the grammar gives no name. */
  readonly isNamed: boolean;
  readonly text: string;
  /** Where it starts in the script, UTF-16 units. */
  readonly at: number;
  readonly children: readonly SyntaxNode[];
}

export interface SyntaxTree extends SyntaxNode {
  /** The script has a syntax error: parts of the tree are guesses. */
  readonly hasError: boolean;
}

/** More nodes than any script that a person wrote; copying them would take too long. */
const MAX_NODES = 150_000;

interface OpenNode extends SyntaxNode {
  readonly children: SyntaxNode[];
}

export function namedChildren({ children }: SyntaxNode): SyntaxNode[] {
  return children.filter(({ isNamed }) => isNamed);
}

/**
 * Whether an unquoted word contains a blank: the grammar takes a line break before a backslash for a part of the next word,
 * and bash does not.
 */
export function hasBlank({ type, isNamed, text, children }: SyntaxNode): boolean {
  if (type === 'command_name' || type === 'concatenation') return children.some(hasBlank);
  const isBare = !isNamed || type === 'word' || type === 'number';
  return isBare && /\s/.test(text.trimStart().replaceAll(/\\[\s\S]/g, ''));
}

/** The part of a script between two places in it. */
export function textBetween(root: SyntaxNode, from: number, to: number): string {
  return root.text.slice(from - root.at, to - root.at);
}

/**
 * The kind of gap between two words of a command as the grammar sees it: bash drops a backslash with the line break after
 * it, and ends a command at any other line break.
 */
export function gapKind(between: string): 'joins' | 'separates' | 'ends the line' | 'unknown' {
  const left = between.replaceAll('\\\n', '');
  if (left === '') return between === '' ? 'separates' : 'joins';
  if (/^[ \t]+$/.test(left)) return 'separates';
  return /^\s+$/.test(left) ? 'ends the line' : 'unknown';
}

/** Whether the grammar skipped something in a node that consists of commands or words, such as a blank after a backslash. */
export function passesOver(node: SyntaxNode, root: SyntaxNode): boolean {
  if (!['program', 'list', 'pipeline', 'command'].includes(node.type)) return false;
  let end = node.at;
  for (const child of node.children) {
    if (!isBlank(textBetween(root, end, child.at))) return true;
    end = child.at + child.text.length;
  }
  return !isBlank(textBetween(root, end, node.at + node.text.length));
}

function isBlank(text: string): boolean {
  return text.replaceAll('\\\n', '').trim() === '';
}

/** @returns null for a tree of too many nodes */
export function copyTree(tree: Tree, script: string): SyntaxTree | null {
  const cursor = tree.walk();
  try {
    const root = copyNodes(cursor, script);
    // The root node starts at the first command; the text before it belongs to the script too.
    return root && { ...root, text: script, at: 0, hasError: tree.rootNode.hasError };
  } finally {
    cursor.delete();
  }
}

/** Without recursion: a script may nest deeper than the stack reaches. */
function copyNodes(cursor: TreeCursor, script: string): SyntaxNode | null {
  const root = nodeAt(cursor, script);
  const parents: OpenNode[] = [];
  let node = root;
  for (let count = 1; count < MAX_NODES; count += 1) {
    if (cursor.gotoFirstChild()) parents.push(node);
    else {
      while (!cursor.gotoNextSibling()) {
        if (!cursor.gotoParent()) return root;
        parents.pop();
      }
    }
    node = nodeAt(cursor, script);
    parents.at(-1)?.children.push(node);
  }
  return null;
}

function nodeAt(cursor: TreeCursor, script: string): OpenNode {
  const at = cursor.startIndex;
  return {
    type: cursor.nodeType,
    isNamed: cursor.nodeIsNamed,
    text: script.slice(at, cursor.endIndex),
    at,
    children: [],
  };
}
