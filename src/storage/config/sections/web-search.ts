import type { ConfigFile } from '../layers/index.ts';
import type { ConfigFlags } from '../load-options.ts';
import type { ModelProvider } from '../types.ts';

/** Whether the model is offered the provider's search of the web, and what to say of a setting that can't be met. */
export interface WebSearch {
  readonly isOffered: boolean;
  readonly warnings: readonly string[];
}

/** The newest of the names that this switch has had wins, and the command line over all. */
export function webSearch(settings: ConfigFile, flags: ConfigFlags, { id, wireApi }: ModelProvider): WebSearch {
  const { features = {}, tools = {}, web_search: mode } = settings;
  const named = mode === undefined ? undefined : mode !== 'disabled';
  const older =
    features['web_search_request'] ?? features['web_search'] ?? tools.web_search_request ?? tools.web_search;
  const isWanted = flags.webSearch ?? named ?? older ?? false;
  if (!isWanted || wireApi !== 'chat') return { isOffered: isWanted, warnings: [] };
  const warning =
    `web search has no effect: ${id} is asked over Chat Completions, which has none; ` +
    'tools.web_fetch = true lets the model read pages, and an MCP server can search';
  return { isOffered: false, warnings: [warning] };
}
