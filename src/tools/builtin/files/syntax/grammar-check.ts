import type { Node, Parser } from 'web-tree-sitter';
import { type Grammar, grammarParser, monotonicMs } from '../../../../foundation/util/index.ts';
import { quoted, type SyntaxFault } from './syntax-fault.ts';

const parsers = new Map<Grammar, Promise<Parser>>();

/** Longer than a text of the size that is checked takes; a hostile one would take a grammar minutes. */
const MAX_PARSE_MS = 500;

/** The first fault by a grammar; null: none, or it was not found in time. */
export async function grammarFault(grammar: Grammar, text: string): Promise<SyntaxFault | null> {
  const parser = await parserOf(grammar);
  const deadline = monotonicMs() + MAX_PARSE_MS;
  const tree = parser.parse(text, null, { progressCallback: () => monotonicMs() > deadline });
  if (tree === null) {
    // Else the next text would be read as the rest of this one.
    parser.reset();
    return null;
  }
  try {
    return faultIn(tree.rootNode);
  } finally {
    tree.delete();
  }
}

function parserOf(grammar: Grammar): Promise<Parser> {
  const known = parsers.get(grammar);
  if (known !== undefined) return known;
  const parser = grammarParser(grammar);
  parsers.set(grammar, parser);
  parser.catch(() => parsers.delete(grammar));
  return parser;
}

function faultIn(node: Node): SyntaxFault | null {
  if (!node.hasError && !node.isMissing) return null;
  const line = node.startPosition.row + 1;
  if (node.isMissing) return { line, what: `${JSON.stringify(node.type)} is missing` };
  if (node.isError) return { line, what: `syntax error near ${quoted(node.text)}` };
  for (const child of node.children) {
    const fault = faultIn(child);
    if (fault !== null) return fault;
  }
  return null;
}
