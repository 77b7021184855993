import type { TurnContext } from '../../../context/index.ts';
import { isAllowedTool, type WithMcpTools } from '../../../tools/index.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';

/**
 * The tools of a turn, and the names of those that it offers beside keel's own: the program's, then those of servers, of which
 * some may be deferred until the model has looked for them.
 */
export type AddedTools = Pick<WithMcpTools, 'registry' | 'names' | 'deferred'>;

type Services = Pick<SessionServices, 'tools' | 'customTools' | 'mcp' | 'config'>;

type ThreadState = Pick<SessionState, 'sentContext' | 'facts'>;

/** What is added to a turn. Servers whose tools are not known are waited for. */
export async function addedTools(
  services: Services,
  turn: Pick<TurnContext, 'sandboxPolicy' | 'taskKind'>,
  state: ThreadState,
  signal: AbortSignal,
): Promise<AddedTools> {
  return withCustom(services, (await services.mcp?.turnTools(turn, state, signal)) ?? null);
}

/** What is known by now, without asking a server. `state`: of the thread; null: it has not begun. */
export function knownAddedTools(services: Services, state: ThreadState | null): AddedTools {
  return withCustom(services, services.mcp?.knownTools(state) ?? null);
}

function withCustom({ tools, customTools, config }: Services, servers: AddedTools | null): AddedTools {
  const own = customTools.filter((name) => isAllowedTool(name, config.tools));
  const { registry = tools, names = [], deferred = [] } = servers ?? {};
  return { registry, names: [...own, ...names], deferred };
}
