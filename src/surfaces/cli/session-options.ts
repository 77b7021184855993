import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ThreadLabel } from '../../engine/session/index.ts';
import { KeelError, type SandboxMode } from '../../foundation/protocol/index.ts';
import { decodeText, reasonOf } from '../../foundation/util/index.ts';
import type { ConfigFlags } from '../../storage/config/index.ts';
import type { readCommandLine } from './command-line.ts';
import type { CommandSpec } from './command-spec.ts';
import {
  accessOptions,
  LOCAL_SERVERS,
  modelOptions,
  SANDBOX_MODES,
  settingOptions,
  threadOptions,
} from './session-specs.ts';
import { UsageError } from './usage.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const EXAMPLE_UUID = '01a20cee-41e3-7d69-b809-3f6bd217b403';
/** A text that is longer names no file. */
const MAX_PATH_BYTES = 4_096;

const sessionSpec = {
  usage: [],
  about: [],
  options: { ...modelOptions, ...accessOptions, ...threadOptions, ...settingOptions },
} as const satisfies CommandSpec;

type Given = ReturnType<typeof readCommandLine<typeof sessionSpec.options>>['values'];

/** What the options say of the configuration; paths are as they were given. @throws UsageError */
export function sessionFlags(given: Given): ConfigFlags {
  const sandboxMode = sandboxModeOf(given);
  const localProvider = choiceOf('local-provider', given['local-provider'], LOCAL_SERVERS);
  const budget = budgetOf(given);
  return {
    ...(given.model === undefined ? {} : { model: given.model }),
    ...(given.effort === undefined ? {} : { effort: given.effort }),
    ...(given.profile === undefined ? {} : { profile: given.profile }),
    ...(sandboxMode === null ? {} : { sandboxMode }),
    ...(given.oss ? { oss: true } : {}),
    ...(given.search ? { webSearch: true } : {}),
    ...(localProvider === null ? {} : { localProvider }),
    ...(given['add-dir'] === undefined ? {} : { addDirs: given['add-dir'] }),
    ...(given['allowed-tools'] === undefined ? {} : { allowedTools: namesIn(given['allowed-tools']) }),
    ...(given['disallowed-tools'] === undefined ? {} : { disallowedTools: namesIn(given['disallowed-tools']) }),
    ...(Object.keys(budget).length === 0 ? {} : { budget }),
    ...(given['append-system-prompt'] === undefined ? {} : { instructions: given['append-system-prompt'] }),
    ...(given['mcp-config'] === undefined ? {} : { mcpFiles: given['mcp-config'] }),
    ...(given.trust ? { trusted: true } : {}),
    ...(given['ignore-user-config'] ? { withoutUserFile: true } : {}),
  };
}

/** @throws UsageError */
function budgetOf(given: Given): NonNullable<ConfigFlags['budget']> {
  const turns = countOf('max-turns', given['max-turns'], 1);
  const tokens = countOf('max-tokens', given['max-tokens'], 1);
  const minutes = amountOf('max-minutes', given['max-minutes']);
  const cost = amountOf('max-cost', given['max-cost']);
  return {
    ...(turns === null ? {} : { turns }),
    ...(tokens === null ? {} : { tokens }),
    ...(minutes === null ? {} : { minutes }),
    ...(cost === null ? {} : { cost }),
  };
}

/** What the new thread is called by. @throws UsageError for a thread that is there already */
export function labelOf(given: Given, isNew: boolean): { readonly label?: ThreadLabel } {
  const { name, 'session-id': threadId } = given;
  if (name === undefined && threadId === undefined) return {};
  const option = name === undefined ? '--session-id' : '--name';
  if (!isNew)
    throw new UsageError(`${option} belongs to a new thread or a fork; \`keel threads rename\` renames another`);
  if (name?.trim() === '') throw new UsageError('--name: the name is empty');
  if (threadId !== undefined && !UUID.test(threadId)) {
    throw new UsageError(`--session-id: a UUID is expected, such as ${EXAMPLE_UUID}, not "${threadId}"`);
  }
  return {
    label: {
      ...(name === undefined ? {} : { name }),
      ...(threadId === undefined ? {} : { threadId: threadId.toLowerCase() }),
    },
  };
}

/** The flags with absolute paths, and the text of a file of instructions in place of its name. @throws KeelError `invalidInput` */
export function placedFlags({ instructions, mcpFiles, ...flags }: ConfigFlags, cwd: string): ConfigFlags {
  return {
    ...flags,
    ...(instructions === undefined ? {} : { instructions: textOrFile(instructions, cwd) }),
    ...(mcpFiles === undefined ? {} : { mcpFiles: mcpFiles.map((path) => resolve(cwd, path)) }),
  };
}

function textOrFile(text: string, cwd: string): string {
  const path = text.includes('\n') ? null : resolve(cwd, text);
  const isFile = path !== null && path.length < MAX_PATH_BYTES && statSync(path, { throwIfNoEntry: false })?.isFile();
  const content = isFile ? fileText(path) : text;
  if (content.trim() !== '') return content;
  throw new UsageError(`--append-system-prompt: ${isFile ? `${path} is empty` : 'there is no text'}`);
}

function fileText(path: string): string {
  try {
    return decodeText(readFileSync(path));
  } catch (cause) {
    throw new KeelError('invalidInput', `--append-system-prompt: ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
}

function namesIn(lists: readonly string[]): readonly string[] {
  return lists.flatMap((list) => list.split(/[\s,]+/)).filter((name) => name !== '');
}

/** Whether commands run with no sandbox and no questions. */
export function isUnbounded(given: Given): boolean {
  return (given.yolo || given['dangerously-bypass-approvals-and-sandbox']) ?? false;
}

/** The sandbox that was chosen; null: none. @throws UsageError */
function sandboxModeOf(given: Given): SandboxMode | null {
  if (given['full-auto'] && isUnbounded(given)) {
    throw new UsageError('--full-auto and --dangerously-bypass-approvals-and-sandbox exclude each other');
  }
  const mode = choiceOf('sandbox', given.sandbox, SANDBOX_MODES);
  if (mode !== null && (given['full-auto'] || isUnbounded(given))) {
    const other = given['full-auto'] ? '--full-auto' : '--dangerously-bypass-approvals-and-sandbox (--yolo)';
    throw new UsageError(`--sandbox and ${other} exclude each other: both choose the sandbox`);
  }
  if (given['full-auto']) return 'workspace-write';
  return isUnbounded(given) ? 'danger-full-access' : mode;
}

/** The work tree to work in; `name` null: a new one. Null: the working directory itself. */
export function worktreeOf({ worktree }: Given): { readonly name: string | null } | null {
  return worktree === undefined ? null : { name: worktree === '' ? null : worktree };
}

/** What `-c`, `--enable` and `--disable` set, in this order. */
export function overridesOf(given: Given): readonly string[] {
  return [
    ...(given.config ?? []),
    ...(given.enable ?? []).map((feature) => `features.${feature}=true`),
    ...(given.disable ?? []).map((feature) => `features.${feature}=false`),
  ];
}

/** @throws UsageError */
export function imagesOf({ image = [] }: Given): readonly string[] {
  return image.flatMap((list) => {
    const files = list.split(',').filter((file) => file !== '');
    if (files.length === 0) throw new UsageError('--image: a file name is expected');
    return files;
  });
}

/** The word as one of the choices; null if it was not given. @throws UsageError */
export function choiceOf<T extends string>(name: string, word: string | undefined, choices: readonly T[]): T | null {
  if (word === undefined) return null;
  const choice = choices.find((one) => one === word);
  if (choice === undefined) throw new UsageError(`--${name} is one of ${choices.join(', ')}, not "${word}"`);
  return choice;
}

/** The word as a count; null if it was not given. @throws UsageError */
export function countOf(name: string, word: string | undefined, least: number): number | null {
  if (word === undefined) return null;
  if (!/^\d{1,9}$/.test(word) || Number(word) < least) {
    throw new UsageError(`--${name}: a whole number from ${least} is expected, not "${word}"`);
  }
  return Number(word);
}

/** The word as a number above 0; null if it was not given. @throws UsageError */
function amountOf(name: string, word: string | undefined): number | null {
  if (word === undefined) return null;
  if (!/^\d{1,9}(?:\.\d{1,6})?$/.test(word) || Number(word) === 0) {
    throw new UsageError(`--${name}: a number above 0 is expected, not "${word}"`);
  }
  return Number(word);
}

/** @throws UsageError */
export function fleetUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new UsageError('--fleet takes the URL of a fleet, such as https://fleet.example.com');
}
