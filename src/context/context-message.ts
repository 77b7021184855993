import type { ResponseItem } from '../foundation/protocol/index.ts';

const CONTEXT_TAGS = [
  'user_instructions',
  'environment_context',
  'skills',
  'agent_role',
  'keel_handover',
  'keel_note',
  'turn_aborted',
  'user_shell_command',
  'user_action',
];
const OPENING = new RegExp(`^\\s*<(?:${CONTEXT_TAGS.join('|')})[\\s>]`, 'i');

/** Whether keel wrote a user-role message: no person wrote it, and people don't see it. */
export function isContextMessage(item: ResponseItem): boolean {
  if (item.type !== 'message' || item.role !== 'user') return false;
  return item.content.some((part) => part.type === 'input_text' && OPENING.test(part.text));
}

/** A person's words, escaped where they start like a tag of keel's, so that they don't count as a message of keel's. */
export function asUserText(text: string): string {
  return OPENING.test(text) ? text.replace('<', '&lt;') : text;
}

/** A user-role message of keel's. `text` starts with one of the tags above. */
export function contextMessage(text: string): ResponseItem {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}
