/** A command that is typed after a slash. */
export interface SlashCommand {
  readonly name: SlashName;
  readonly summary: string;
  /** Whether it may run while a turn runs. */
  readonly duringTurn: boolean;
  /** What may follow its name; empty: nothing. */
  readonly argument: string;
}

/** In the order in which they are listed. */
const COMMANDS = [
  ['model', 'choose the model and how much it thinks', false, 'NAME [EFFORT]'],
  ['approvals', 'choose what the agent may do without asking', false, ''],
  ['permissions', 'the same as /approvals', false, ''],
  ['new', 'start a new thread', false, ''],
  ['resume', 'continue another thread', false, 'ID or NAME'],
  ['fork', 'continue this thread in a copy of it', false, ''],
  ['rename', 'give this thread a name', true, 'NAME'],
  ['archive', 'move this thread out of the lists and start a new one', false, ''],
  ['init', 'have an AGENTS.md written for this project', false, ''],
  ['compact', 'replace the conversation by a summary to make room', false, 'FOCUS'],
  ['undo', 'take back what the last turn did to files', false, ''],
  ['rollback', 'take your last turns out of the conversation; files stay', false, 'N'],
  ['diff', 'show what is not committed yet', true, ''],
  ['review', 'have a change looked at by a separate reviewer', false, 'WHAT TO LOOK AT'],
  ['status', 'show the thread, its settings and its use of the window', true, ''],
  ['usage', 'show the tokens used and the limits of the provider', true, ''],
  ['context', 'show what fills the window, by part', true, ''],
  ['mcp', 'show the MCP servers, their state and their tools', true, ''],
  ['skills', 'show the skills found here', true, ''],
  ['agents', 'show the subagents of this thread', true, ''],
  ['ps', 'show the commands that run in the background', true, ''],
  ['stop', 'stop the commands that run in the background, or one of them', true, 'N'],
  ['export', 'write this thread as a page, to read or to pass on', true, 'FILE.html or FILE.md'],
  ['copy', 'copy the last answer; with a number, that code block of it', true, 'N'],
  ['raw', 'show the source text of the last answer', true, ''],
  ['mention', 'name a file', true, ''],
  ['queue', 'send the next queued message now', true, ''],
  ['theme', 'choose the colours', true, 'NAME'],
  ['keymap', 'show which key does what', true, ''],
  ['vim', 'switch the keys of vim on or off', true, ''],
  ['config', 'show the settings and where each comes from', true, ''],
  ['doctor', 'check this machine and the configuration', true, ''],
  ['logout', 'remove the stored key', true, ''],
  ['help', 'show keys and commands', true, ''],
  ['quit', 'close keel', true, ''],
  ['exit', 'the same as /quit', true, ''],
] as const;

export type SlashName = (typeof COMMANDS)[number][0];

export const SLASH_COMMANDS: readonly SlashCommand[] = COMMANDS.map(([name, summary, duringTurn, argument]) => ({
  name,
  summary,
  duringTurn,
  argument,
}));

/** A message that starts with a slash, as a command. */
export type ParsedCommand =
  | { readonly type: 'command'; readonly command: SlashCommand; readonly argument: string }
  /** Of an MCP server; its name is all of `mcp:SERVER:PROMPT`. */
  | { readonly type: 'serverPrompt'; readonly name: string; readonly argument: string }
  | { readonly type: 'prompt'; readonly name: string; readonly argument: string }
  | { readonly type: 'unknown'; readonly name: string };

/** Null: the text is a message. So is one with a blank before the slash, or a second slash in its first word. */
export function parseCommand(text: string): ParsedCommand | null {
  const match = /^\/([^\s/]+)(?:\s+([\s\S]*))?$/.exec(text);
  if (match === null) return null;
  const [, name = '', argument = ''] = match;
  if (name.startsWith('prompts:')) return { type: 'prompt', name: name.slice('prompts:'.length), argument };
  if (name.startsWith('mcp:')) return { type: 'serverPrompt', name, argument };
  const command = SLASH_COMMANDS.find((one) => one.name === name);
  return command === undefined ? { type: 'unknown', name } : { type: 'command', command, argument: argument.trim() };
}
