import type { Tree, TreeCursor } from 'web-tree-sitter';

/** A node of a parsed script, copied out of the parser's memory: looking at it there costs a call for each answer. */
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
  /** Something in it is no bash: parts of the tree are guesses. */
  readonly hasError: boolean;
}

/** More than any script that a person wrote has; to copy them all would take longer than an answer may. */
const MAX_NODES = 150_000;

interface OpenNode extends SyntaxNode {
  readonly children: SyntaxNode[];
}

export function namedChildren({ children }: SyntaxNode): SyntaxNode[] {
  return children.filter(({ isNamed }) => isNamed);
}

/** @returns null for a tree of too many nodes */
export function copyTree(tree: Tree, script: string): SyntaxTree | null {
  const cursor = tree.walk();
  try {
    const root = copyNodes(cursor, script);
    return root && { ...root, hasError: tree.rootNode.hasError };
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
