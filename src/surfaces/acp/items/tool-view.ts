import type { ToolKind } from '@agentclientprotocol/sdk';
import type { ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { readJson } from '../../../foundation/util/index.ts';
import { type CallView, fenced, textContent, titleOf } from './content.ts';

/** Verbs and kinds of the tools that only read, by their names. */
const TOOLS: Readonly<Record<string, readonly [string, ToolKind]>> = {
  read_file: ['Read', 'read'],
  list_dir: ['List', 'read'],
  grep_files: ['Search', 'search'],
  web_fetch: ['Fetch', 'fetch'],
  request_user_input: ['Ask the user', 'other'],
};
/** Arguments that say what such a call is about, the first one that is there. */
const SUBJECTS = ['path', 'file_path', 'dir_path', 'pattern', 'url'] as const;

/** A call of a tool that only reads or asks, or one that failed before its tool did anything. */
export function toolCallView({
  tool,
  arguments: args,
  reason,
  answer = reason,
  status,
}: ThreadItemOf<'toolCall'>): Omit<CallView, 'status'> {
  const given = argumentsOf(args);
  const [verb, kind] = (Object.hasOwn(TOOLS, tool) ? TOOLS[tool] : undefined) ?? [tool, 'other'];
  const subject = SUBJECTS.map((name) => given[name]).find((value) => typeof value === 'string');
  const paths = [given['path'], given['file_path'], given['dir_path']];
  const path = paths.find((value) => typeof value === 'string' && value.startsWith('/'));
  const title = titleOf(typeof subject === 'string' ? `${verb} ${subject}` : verb);
  const end = answer ?? (status === 'completed' ? '' : status === 'inProgress' ? '' : `It was ${status}.`);
  return {
    title,
    name: tool,
    kind,
    rawInput: given,
    ...(typeof path === 'string' ? { locations: [{ path }] } : {}),
    content: [
      textContent(
        [title, fenced(JSON.stringify(given, null, 2), 'json'), end].filter((part) => part !== '').join('\n\n'),
      ),
    ],
  };
}

/** What a model wrote as arguments may be no JSON at all. */
function argumentsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = readJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : { arguments: value };
  } catch {
    return { arguments: text };
  }
}
