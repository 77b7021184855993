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
const RESULTS = '<results>';
const RESULTS_END = '</results>';

/** A message that no person wrote, by its tag. */
export function contextBlock(text: string): Extract<Block, { type: 'context' }> {
  const tag = TAG.exec(text)?.[1]?.toLowerCase() ?? '';
  if (tag === 'user_action') return actionBlock(text);
  const isFolded = tag !== 'user_shell_command';
  return {
    type: 'context',
    title: (Object.hasOwn(TITLES, tag) ? TITLES[tag] : undefined) ?? 'Context',
    text,
    isFolded,
    result: null,
  };
}

/** The findings of a review, or the files that an undo restored, without the text around them. */
function actionBlock(text: string): Extract<Block, { type: 'context' }> {
  const action = ACTION.exec(text)?.[1] ?? 'action';
  const title = `${action.slice(0, 1).toUpperCase()}${action.slice(1)}`;
  return { type: 'context', title, text, isFolded: false, result: resultsOf(text) };
}

/** Two plain searches: a regular expression would scan a long text from each of its tags. */
function resultsOf(text: string): string | null {
  const from = text.indexOf(RESULTS) + RESULTS.length;
  const to = text.lastIndexOf(RESULTS_END);
  if (from < RESULTS.length || to < from) return null;
  const isLast = text.slice(to + RESULTS_END.length).trim() === '</user_action>';
  return isLast ? text.slice(from, to).replace(/^\n/, '').replace(/\n$/, '') : null;
}
