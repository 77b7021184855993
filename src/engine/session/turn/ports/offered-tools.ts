import type { ModelInfo } from '../../../../models/catalogue/index.ts';
import { AGENT_TOOLS, offeredTools } from '../../../../tools/index.ts';
import type { ChildOptions } from '../../agents/child-sessions.ts';
import type { SessionServices } from '../../services.ts';

/** The settings of a session that say which tools there are. */
export interface ToolSettings extends Pick<SessionServices, 'agentLevels'> {
  readonly child: Pick<ChildOptions, 'withoutTools'> | null;
  readonly config: Pick<SessionServices['config'], 'toolSet'>;
}

/** Names of the tools that a model is offered in this session. */
export function toolsOf({ config, child, agentLevels }: ToolSettings, model: ModelInfo): string[] {
  const offered = [...offeredTools(model, config.toolSet), ...(agentLevels > 0 ? AGENT_TOOLS : [])];
  return offered.filter((name) => !child?.withoutTools.includes(name));
}
