import type { AgentRole, TurnContext } from '../context/index.ts';
import type { ModelInfo, ToolSet } from '../models/catalogue/index.ts';
import type { ToolSpec } from '../models/prompt/index.ts';
import {
  applyPatchTool,
  closeAgentTool,
  editFileTool,
  execCommandTool,
  freeformPatchSpec,
  grepFilesTool,
  listDirTool,
  olderShellTools,
  readFileTool,
  requestUserInputTool,
  SPAWN_AGENT,
  sendInputTool,
  shellCommandTool,
  shellTool,
  spawnAgentTool,
  updatePlanTool,
  viewImageTool,
  waitTool,
  webFetchTool,
  writeStdinTool,
} from './builtin/index.ts';
import { keepRunning, ToolRegistry, withoutEscalation, withoutFields } from './contract/index.ts';

/** The tools for subagents, in the order of the request: behind all others. */
export const AGENT_TOOLS = [SPAWN_AGENT, sendInputTool.name, waitTool.name, closeAgentTool.name] as const;

/** The tool for threads in which somebody answers questions. */
export const REQUEST_USER_INPUT = requestUserInputTool.name;

/** The tool that the user has to switch on. */
export const WEB_FETCH = webFetchTool.name;

/** The provider's own search: nothing here answers it. */
export const WEB_SEARCH = 'web_search';

/** Every tool that comes with keel. */
export function builtinTools(onWarning?: (message: string) => void): ToolRegistry {
  const registry = new ToolRegistry(onWarning);
  registry.register(execCommandTool);
  registry.register(writeStdinTool);
  registry.register(shellTool);
  for (const tool of olderShellTools) registry.register(tool);
  registry.register(shellCommandTool);
  registry.register(applyPatchTool);
  registry.register(editFileTool);
  registry.register(updatePlanTool);
  registry.register(viewImageTool);
  registry.register(readFileTool);
  registry.register(grepFilesTool);
  registry.register(listDirTool);
  registry.register(webFetchTool);
  registry.register(requestUserInputTool);
  return registry;
}

/** Adds the tools for subagents. `roles`: those that the subagents of this thread can have. */
export function registerAgentTools(registry: ToolRegistry, roles: readonly AgentRole[]): void {
  registry.register(spawnAgentTool(roles));
  registry.register(sendInputTool);
  registry.register(waitTool);
  registry.register(closeAgentTool);
}

/**
 * Which tools a model is offered, in the order of the request: exactly one way to run commands, and what its family works
 * best with. A call by another name for the same work is answered too; other tools do not run.
 */
export function offeredTools(model: ModelInfo, override: ToolSet | null): string[] {
  const editor = model.patchForm === 'editFile' ? editFileTool.name : applyPatchTool.name;
  const image = model.supportsImages ? [viewImageTool.name] : [];
  const session = [execCommandTool.name, writeStdinTool.name, editor, updatePlanTool.name, ...image];
  switch (override ?? model.toolSet) {
    case 'session':
      return session;
    case 'shell':
      return [model.shellTool, writeStdinTool.name, editor, updatePlanTool.name, ...image];
    case 'lean':
      return [shellCommandTool.name, writeStdinTool.name, readFileTool.name, editFileTool.name, updatePlanTool.name];
    case 'reader':
      return [...session, readFileTool.name, grepFilesTool.name, listDirTool.name];
  }
}

/** What the specs of a turn depend on: nothing that changes within a thread, so that its requests stay extensions of one another. */
type SpecFacts = Pick<TurnContext, 'model' | 'offersEscalation' | 'offersKeepRunning'>;

/** The specs of the tools that a turn offers. Some families write a patch as plain text. */
export function specsFor(
  registry: ToolRegistry,
  offered: readonly string[],
  { model, offersEscalation, offersKeepRunning }: SpecFacts,
): ToolSpec[] {
  const own = registry.specs(offered.filter((name) => name !== WEB_SEARCH)).map((spec) => {
    if (spec === applyPatchTool.spec && model.patchForm === 'freeform') return freeformPatchSpec;
    const fitting = offersKeepRunning ? spec : withoutFields(spec, Object.keys(keepRunning));
    return offersEscalation ? fitting : withoutEscalation(fitting);
  });
  return offered.includes(WEB_SEARCH) ? [...own, { type: WEB_SEARCH }] : own;
}
