import type { ModelInfo } from '../../../../models/catalogue/index.ts';
import {
  AGENT_TOOLS,
  isAllowedTool,
  offeredTools,
  REQUEST_USER_INPUT,
  WEB_FETCH,
  WEB_SEARCH,
} from '../../../../tools/index.ts';
import type { ChildOptions } from '../../agents/child-sessions.ts';
import type { SessionServices } from '../../services.ts';

/** The settings of a session that say which tools there are. */
export interface ToolSettings extends Pick<SessionServices, 'agentLevels' | 'asksQuestions'> {
  readonly child: Pick<ChildOptions, 'withoutTools'> | null;
  readonly config: Pick<SessionServices['config'], 'toolSet' | 'tools' | 'webFetch' | 'webSearch'>;
}

/** Names of the tools that a model is offered in this session. */
export function toolsOf({ config, child, agentLevels, asksQuestions }: ToolSettings, model: ModelInfo): string[] {
  const offered = [
    ...offeredTools(model, config.toolSet),
    ...(asksQuestions ? [REQUEST_USER_INPUT] : []),
    ...(agentLevels > 0 ? AGENT_TOOLS : []),
    ...(config.webFetch ? [WEB_FETCH] : []),
    ...(config.webSearch ? [WEB_SEARCH] : []),
  ];
  return offered.filter((name) => !child?.withoutTools.includes(name) && isAllowedTool(name, config.tools));
}

/**
 * Of the tools that a turn offered before it moved, those that the settings still allow. keel refuses calls of its own tools in any
 * case; a search is the provider's, which makes it by itself.
 */
export function stillAllowed({ config }: Pick<ToolSettings, 'config'>, offered: readonly string[]): string[] {
  return offered.filter((name) => isAllowedTool(name, config.tools) && (name !== WEB_SEARCH || config.webSearch));
}

/** Names of the tools that this session withholds from a model which would have them. */
export function toolsWithout(settings: ToolSettings, model: ModelInfo): string[] {
  const { config, child } = settings;
  const all = toolsOf({ ...settings, child: null, config: { ...config, tools: ALL_TOOLS } }, model);
  const offered = toolsOf(settings, model);
  return [...new Set([...(child?.withoutTools ?? []), ...all.filter((name) => !offered.includes(name))])];
}

/** No list of the user's. */
export const ALL_TOOLS = { allowed: null, disallowed: [] } as const;
