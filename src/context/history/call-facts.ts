import type { CallFacts, OutputItem } from '../../foundation/protocol/index.ts';
import { textOf } from './call-text.ts';

/** Output of an MCP call that never reached its server. */
const NOT_RUN = /^(?:err:(?! tool call error:)|aborted$|not run:|rejected:|tool call rejected by user)/;
/** A line of what `tool_search` finds. */
const FOUND_TOOL = /^(mcp__[\w-]+)(?::|$)/gm;

/** How a call of this tool went. Records of earlier versions only have the words of the output, from which it is read then. */
export function factsOf(name: string, output: OutputItem): CallFacts {
  return output.facts ?? unrecordedFacts(name, textOf(output));
}

function unrecordedFacts(name: string, text: string): CallFacts {
  if (text.startsWith('unknown outcome:')) return { outcome: 'unknown' };
  if (name === 'tool_search') {
    return { outcome: 'done', found: [...text.matchAll(FOUND_TOOL)].map(([, found = '']) => found) };
  }
  if (name.startsWith('mcp__') && NOT_RUN.test(text)) return { outcome: 'notRun' };
  return { outcome: text.startsWith('err:') ? 'failed' : 'done' };
}
