import type { Block } from './blocks.ts';

const TITLES: Readonly<Record<string, string>> = {
  user_instructions: 'Instructions of the user and the project',
  environment_context: 'Environment',
  skills: 'Skills',
  agent_role: 'Role',
  keel_handover: 'Handover',
  keel_note: 'Note to the model',
  turn_aborted: 'Interrupted',
  user_shell_command: 'Command of the user',
};
const TAG = /^\s*<([a-z_]+)[\s>]/i;
const ACTION = /<action>(\w+)<\/action>/;
const RESULTS = /<results>\n?([\s\S]*?)\n?<\/results>\s*<\/user_action>\s*$/;

/** A message that no person wrote, by the tag that it stands in. */
export function contextBlock(text: string): Extract<Block, { type: 'context' }> {
  const tag = TAG.exec(text)?.[1]?.toLowerCase() ?? '';
  if (tag === 'user_action') return actionBlock(text);
  const isFolded = tag !== 'user_shell_command';
  return { type: 'context', title: TITLES[tag] ?? 'Context', text, isFolded, result: null };
}

/** What a review found, or which files an undo brought back: a reader came for that, not for the words around it. */
function actionBlock(text: string): Extract<Block, { type: 'context' }> {
  const action = ACTION.exec(text)?.[1] ?? 'action';
  const title = `${action.slice(0, 1).toUpperCase()}${action.slice(1)}`;
  return { type: 'context', title, text, isFolded: false, result: RESULTS.exec(text)?.[1] ?? null };
}
