import type { AvailableCommand } from '@agentclientprotocol/sdk';
import type { ServerPrompt, Session } from '../../../engine/threads/index.ts';
import type { Op, ReviewTarget, UserInput } from '../../../foundation/protocol/index.ts';
import {
  argumentHint,
  type CustomPrompt,
  filledPrompt,
  INIT_PROMPT,
  promptArguments,
  promptSummary,
  typedPrompts,
} from '../../prompts/index.ts';
import { invalidParams } from '../errors.ts';

/** What the client's user typed after a slash, as work: a turn, or words of keel's own. */
export type PromptWork =
  | { readonly type: 'turn'; readonly op: Op }
  /** A review, of what the user has yet to choose. */
  | { readonly type: 'chooseReview' }
  | { readonly type: 'status' }
  /** Words that a server has; `more` follows them. */
  | {
      readonly type: 'serverPrompt';
      readonly prompt: ServerPrompt;
      readonly args: Readonly<Record<string, string>>;
      readonly more: readonly UserInput[];
    };

/** Prompts that are offered as commands: the user's own, and those of servers. */
export interface Prompts {
  readonly own: readonly CustomPrompt[];
  readonly ofServers: readonly ServerPrompt[];
}

/** Commands that print something; others would look as if nothing had happened. */
const OWN: readonly AvailableCommand[] = [
  {
    name: 'compact',
    description: 'replace the conversation by a summary to make room',
    input: { hint: 'what to keep' },
  },
  { name: 'review', description: 'have a change looked at by a separate reviewer', input: { hint: 'what to look at' } },
  { name: 'undo', description: 'take back what the last turn did to files' },
  { name: 'init', description: 'have an AGENTS.md written for this project' },
  { name: 'status', description: 'show the thread, its settings and its use of the window' },
];

export function availableCommands({ own: files, ofServers }: Prompts): AvailableCommand[] {
  const own = files.map(({ name, description, argumentHint }) => ({
    name: `prompts:${name}`,
    description: description === '' ? 'a prompt of your own' : description,
    ...(argumentHint === '' ? {} : { input: { hint: argumentHint } }),
  }));
  const served = [...typedPrompts(ofServers)].map(([name, prompt]) => {
    const hint = argumentHint(prompt);
    return { name, description: promptSummary(prompt), ...(hint === '' ? {} : { input: { hint } }) };
  });
  return [...OWN, ...own, ...served];
}

/**
 * What a prompt asks for. One that starts with a slash and is no known command is an ordinary message.
 * @throws RequestError for a prompt of the user's own that lacks an argument
 */
export function workOf(items: readonly UserInput[], prompts: Prompts): PromptWork {
  const message: PromptWork = { type: 'turn', op: { type: 'userInput', items: [...items] } };
  const [first, ...more] = items;
  if (first?.type !== 'text') return message;
  const [, name, argument = ''] = /^\/([^\s/]+)(?:\s+([\s\S]*))?$/.exec(first.text.trim()) ?? [];
  const words = argument.trim();
  switch (name) {
    case 'compact':
      return { type: 'turn', op: { type: 'compact', ...(words === '' ? {} : { focus: words }) } };
    case 'review':
      return words === '' ? { type: 'chooseReview' } : review({ type: 'custom', instructions: words });
    case 'undo':
      return { type: 'turn', op: { type: 'undo' } };
    case 'status':
      return { type: 'status' };
    case 'init':
      return { type: 'turn', op: { type: 'userInput', items: [{ type: 'text', text: INIT_PROMPT }] } };
    default: {
      const served = typedPrompts(prompts.ofServers).get(name ?? '');
      if (served !== undefined) {
        const read = promptArguments(served, name ?? '', words);
        if (read.type === 'fault') throw invalidParams(read.reason);
        return { type: 'serverPrompt', prompt: served, args: read.args, more };
      }
      const prompt = prompts.own.find((one) => `prompts:${one.name}` === name);
      if (prompt === undefined) return message;
      const filled = filledPrompt(prompt.name, prompt.body, words);
      if (filled.type === 'fault') throw invalidParams(filled.reason);
      return { type: 'turn', op: { type: 'userInput', items: [{ type: 'text', text: filled.text.trim() }, ...more] } };
    }
  }
}

/** What is submitted for work that is known by now. @throws KeelError for a prompt that its server does not give */
export async function opOf(
  work: Extract<PromptWork, { type: 'turn' | 'serverPrompt' }>,
  session: Pick<Session, 'serverPrompt'>,
): Promise<Op> {
  if (work.type === 'turn') return work.op;
  const text = await session.serverPrompt(work.prompt, work.args);
  return { type: 'userInput', items: [{ type: 'text', text: text.trim() }, ...work.more] };
}

export function review(target: ReviewTarget): PromptWork & { type: 'turn' } {
  return { type: 'turn', op: { type: 'review', target } };
}
