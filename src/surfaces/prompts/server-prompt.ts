import type { ServerPrompt } from '../../engine/threads/index.ts';
import { shellWords } from './custom-prompt.ts';

/** The prompts of servers that can be typed, by the names that they are typed by after a slash. */
export function typedPrompts(prompts: readonly ServerPrompt[]): ReadonlyMap<string, ServerPrompt> {
  const named = prompts.map((prompt) => [`mcp:${prompt.server}:${prompt.name}`, prompt] as const);
  return new Map(named.filter(([name]) => /^[^\s/\p{Cc}]+$/u.test(name)));
}

/** What is said of a prompt in a list. */
export function promptSummary({ server, description }: ServerPrompt): string {
  return description?.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim() || `a prompt of ${server}`;
}

/** The arguments that follow its name: those that must be there, and in brackets the others. */
export function argumentHint({ arguments: fields = [] }: ServerPrompt): string {
  return fields.map(({ name, required }) => (required ? name : `[${name}]`)).join(' ');
}

export type PromptArguments =
  | { readonly type: 'read'; readonly args: Readonly<Record<string, string>> }
  | { readonly type: 'fault'; readonly reason: string };

/** Words as `NAME=value` or in the order of the prompt's arguments; the last argument takes all words that are left. */
export function promptArguments(
  { arguments: fields = [] }: ServerPrompt,
  name: string,
  typed: string,
): PromptArguments {
  const fault = (reason: string): PromptArguments => ({ type: 'fault', reason: `/${name}${reason}` });
  const words = shellWords(typed);
  if (words === null) return fault(': a quote is not closed');
  const args = new Map<string, string>();
  const loose: string[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, Math.max(0, at));
    if (fields.some((field) => field.name === key)) args.set(key, word.slice(at + 1));
    else loose.push(word);
  }
  const open = fields.filter((field) => !args.has(field.name));
  for (const [index, field] of open.entries()) {
    const given = index === open.length - 1 ? loose.splice(0).join(' ') : (loose.shift() ?? '');
    if (given !== '') args.set(field.name, given);
  }
  if (loose.length > 0) return fault(` takes no further words: ${loose.join(' ')}`);
  const missing = fields.filter((field) => field.required && !args.has(field.name));
  if (missing.length > 0) return fault(` needs ${missing.map((field) => field.name).join(', ')}`);
  return { type: 'read', args: Object.fromEntries(args) };
}
