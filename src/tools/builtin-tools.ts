import { type AgentRole, DEFAULT_AGENT_ROLE } from '../context/index.ts';
import type { ModelInfo } from '../models/catalogue/index.ts';
import type { ToolSpec } from '../models/prompt/index.ts';
import { closeAgentHandler, sendInputHandler, spawnAgentHandler, waitHandler } from './builtin/agents.ts';
import { applyPatchHandler } from './builtin/apply-patch.ts';
import { editFileHandler } from './builtin/edit-file.ts';
import { execCommandHandler } from './builtin/exec-command.ts';
import { grepFilesHandler } from './builtin/grep-files.ts';
import { listDirHandler } from './builtin/list-dir.ts';
import { readFileHandler } from './builtin/read-file.ts';
import { shellCommandHandler, shellHandler } from './builtin/shell.ts';
import { closeAgentSpec, sendInputSpec, spawnAgentSpec, waitSpec } from './builtin/specs/agents.ts';
import { applyPatchFreeformSpec, applyPatchFunctionSpec } from './builtin/specs/apply-patch.ts';
import { execCommandSpec, shellCommandSpec, shellSpec, writeStdinSpec } from './builtin/specs/commands.ts';
import {
  editFileSpec,
  grepFilesSpec,
  listDirSpec,
  readFileSpec,
  updatePlanSpec,
  viewImageSpec,
} from './builtin/specs/files.ts';
import { updatePlanHandler } from './builtin/update-plan.ts';
import { viewImageHandler } from './builtin/view-image.ts';
import { writeStdinHandler } from './builtin/write-stdin.ts';
import { ToolRegistry } from './registry.ts';

/** Every tool that comes with keel. Those without a spec are older names that models still use. */
export function builtinTools(onWarning?: (message: string) => void): ToolRegistry {
  const registry = new ToolRegistry(onWarning);
  registry.register({ name: 'exec_command', handler: execCommandHandler, spec: execCommandSpec });
  registry.register({ name: 'write_stdin', handler: writeStdinHandler, spec: writeStdinSpec });
  registry.register({ name: 'shell', handler: shellHandler, spec: shellSpec });
  registry.register({ name: 'container.exec', handler: shellHandler, spec: null });
  registry.register({ name: 'local_shell', handler: shellHandler, spec: null });
  registry.register({ name: 'shell_command', handler: shellCommandHandler, spec: shellCommandSpec });
  registry.register({ name: 'apply_patch', handler: applyPatchHandler, spec: applyPatchFunctionSpec });
  registry.register({ name: 'edit_file', handler: editFileHandler, spec: editFileSpec });
  registry.register({ name: 'update_plan', handler: updatePlanHandler, spec: updatePlanSpec });
  registry.register({ name: 'view_image', handler: viewImageHandler, spec: viewImageSpec });
  registry.register({ name: 'read_file', handler: readFileHandler, spec: readFileSpec });
  registry.register({ name: 'grep_files', handler: grepFilesHandler, spec: grepFilesSpec });
  registry.register({ name: 'list_dir', handler: listDirHandler, spec: listDirSpec });
  return registry;
}

/** The tools for helper agents, with the roles that this thread's helpers may have. */
export function registerAgentTools(registry: ToolRegistry, roles: readonly AgentRole[]): void {
  const spec = spawnAgentSpec(roles, DEFAULT_AGENT_ROLE);
  registry.register({ name: 'spawn_agent', handler: spawnAgentHandler, spec });
  registry.register({ name: 'send_input', handler: sendInputHandler, spec: sendInputSpec });
  registry.register({ name: 'wait', handler: waitHandler, spec: waitSpec });
  registry.register({ name: 'close_agent', handler: closeAgentHandler, spec: closeAgentSpec });
}

/** What a model is told of the tools it is offered; it writes patches in the form its family knows. */
export function specsFor(registry: ToolRegistry, offered: readonly string[], model: ModelInfo): ToolSpec[] {
  return registry
    .specs(offered)
    .map((spec) => (spec === applyPatchFunctionSpec && model.patchForm === 'freeform' ? applyPatchFreeformSpec : spec));
}
