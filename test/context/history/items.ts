import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';

/** Short ways to write items down; ids and texts are the test's. */
export const user = (text: string): ResponseItem => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});

export const assistant = (text: string): ResponseItem => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});

export const reasoning = (text: string): ResponseItem => ({
  type: 'reasoning',
  summary: [{ type: 'summary_text', text }],
  encrypted_content: 'opaque',
});

export const functionCall = (id: string): ResponseItem => ({
  type: 'function_call',
  name: 'exec_command',
  arguments: '{}',
  call_id: id,
});

export const functionOutput = (id: string, output = `output of ${id}`): ResponseItem => ({
  type: 'function_call_output',
  call_id: id,
  output,
});

export const customCall = (id: string): ResponseItem => ({
  type: 'custom_tool_call',
  call_id: id,
  name: 'apply_patch',
  input: '*** Begin Patch',
});

export const customOutput = (id: string, output = `output of ${id}`): ResponseItem => ({
  type: 'custom_tool_call_output',
  call_id: id,
  output,
});

export const localShellCall = (id: string | null): ResponseItem => ({
  type: 'local_shell_call',
  call_id: id,
  status: 'completed',
  action: { type: 'exec', command: ['ls'] },
});

export const snapshot = (id: string): ResponseItem => ({
  type: 'ghost_snapshot',
  ghost_commit: { id, preexisting_untracked_files: [], preexisting_untracked_dirs: [] },
});
