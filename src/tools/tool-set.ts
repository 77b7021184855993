import type { ModelInfo, ToolSet } from '../models/catalogue/index.ts';

/** The tools for helper agents, in the order of the request: behind all others. */
export const AGENT_TOOLS = ['spawn_agent', 'send_input', 'wait', 'close_agent'] as const;

/**
 * Which tools a model is offered, in the order of the request: exactly one way to run commands, and what its family works
 * best with. A call by another name for the same work is answered too; other tools do not run.
 */
export function offeredTools(model: ModelInfo, override: ToolSet | null): string[] {
  const editor = model.patchForm === 'editFile' ? 'edit_file' : 'apply_patch';
  const image = model.supportsImages ? ['view_image'] : [];
  const session = ['exec_command', 'write_stdin', editor, 'update_plan', ...image];
  switch (override ?? model.toolSet) {
    case 'session':
      return session;
    case 'shell':
      return [model.shellTool, editor, 'update_plan', ...image];
    case 'lean':
      return ['shell_command', 'read_file', 'edit_file', 'update_plan'];
    case 'reader':
      return [...session, 'read_file', 'grep_files', 'list_dir'];
  }
}
