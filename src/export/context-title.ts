const TITLES: Readonly<Record<string, string>> = {
  user_instructions: 'Instructions of the user and the project',
  environment_context: 'Environment',
  skills: 'Skills',
  agent_role: 'Role',
  keel_handover: 'Handover',
  keel_note: 'Note to the model',
  turn_aborted: 'Interrupted',
  user_shell_command: 'Command of the user',
  user_action: 'Review',
};
/** What a reader came for, even though keel worded it. */
const OPEN = new Set(['user_shell_command', 'user_action']);
const TAG = /^\s*<([a-z_]+)[\s>]/i;

/** How a message that no person wrote is headed, and whether it is folded away. */
export function contextTitle(text: string): { readonly title: string; readonly isFolded: boolean } {
  const tag = TAG.exec(text)?.[1]?.toLowerCase() ?? '';
  return { title: TITLES[tag] ?? 'Context', isFolded: !OPEN.has(tag) };
}
