import type { ToolSpec } from '../../prompt/index.ts';
import { freeformParameters, sendableWord } from '../index.ts';
import { CACHE_MARK } from './cache-mark.ts';

/** The search that runs at the provider, in the version that every model of the API knows. */
const WEB_SEARCH = { type: 'web_search_20250305', name: 'web_search' };

/**
 * The tools of a request as JSON, the last one marked for the cache; null when there are none. A freeform tool goes as a
 * function of one text. What runs at another provider is left out.
 */
export function toolsJson(tools: readonly ToolSpec[]): string | null {
  const sent = tools.map(sentTool).filter((tool) => tool !== null);
  if (sent.length === 0) return null;
  const marked = sent.map((tool, at) => (at === sent.length - 1 ? { ...tool, cache_control: CACHE_MARK } : tool));
  return JSON.stringify(marked);
}

function sentTool(tool: ToolSpec): object | null {
  switch (tool.type) {
    case 'function':
      return { name: sendableWord(tool.name), description: tool.description, input_schema: tool.parameters };
    case 'custom': {
      const input_schema = freeformParameters(tool.format);
      return { name: sendableWord(tool.name), description: tool.description, input_schema };
    }
    case 'web_search':
      return WEB_SEARCH;
    default:
      return null;
  }
}
