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

/** Whether a user-role message was written by keel: no person said it, and it is shown to none. */
export function isContextMessage(item: ResponseItem): boolean {
  if (item.type !== 'message' || item.role !== 'user') return false;
  return item.content.some((part) => part.type === 'input_text' && OPENING.test(part.text));
}

/** A person's words: where they begin like keel's own, they are not to be taken for these, and dropped as nobody's. */
export function asSaid(text: string): string {
  return OPENING.test(text) ? text.replace('<', '&lt;') : text;
}

/** A message in a tag of keel's, user role. */
export function contextMessage(text: string): ResponseItem {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}
