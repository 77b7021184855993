import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ThreadLabel } from '../../engine/session/index.ts';
import { KeelError, type SandboxMode } from '../../foundation/protocol/index.ts';
import { decodeText, reasonOf } from '../../foundation/util/index.ts';
import type { ConfigFlags, LocalServerKind } from '../../storage/config/index.ts';
import type { readCommandLine } from './command-line.ts';
import type { CommandSpec, OptionSpecs } from './command-spec.ts';
import { UsageError } from './usage.ts';

// Not read from the protocol's schemas, which a start of the terminal would have to wait for.
const SANDBOX_MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const EXAMPLE_UUID = '01a20cee-41e3-7d69-b809-3f6bd217b403';
/** A text that is longer names no file. */
const MAX_PATH_BYTES = 4_096;
const LOCAL_SERVERS: readonly LocalServerKind[] = ['ollama', 'lmstudio'];

/** The options of every command that opens a session, in the order of help: of the model, */
export const modelOptions = {
  model: { type: 'string', short: 'm', value: 'MODEL', about: 'model to use' },
  effort: { type: 'string', value: 'LEVEL', about: 'how long it thinks, such as low, medium or high' },
  oss: { type: 'boolean', about: 'use a model on this machine; fetch it if it is missing' },
  'local-provider': {
    ...{ type: 'string', value: 'SERVER', choices: LOCAL_SERVERS },
    about: 'the same, from this server: ollama or lmstudio',
  },
  image: {
    ...{ type: 'string', short: 'i', multiple: true, value: 'FILE' },
    about: 'image to send before the prompt; repeat it or separate with commas',
  },
  'append-system-prompt': {
    ...{ type: 'string', value: 'TEXT|FILE' },
    about: 'add this text, or that of this file, to the instructions',
  },
} as const satisfies OptionSpecs;

/** of what it is allowed to do, */
export const accessOptions = {
  cd: { type: 'string', short: 'C', value: 'DIR', about: 'working directory' },
  worktree: {
    ...{ type: 'string', value: 'NAME', optional: true },
    about: 'work in a Git work tree beside the repository; it is removed if nothing was changed',
  },
  sandbox: {
    ...{ type: 'string', short: 's', value: 'MODE', choices: SANDBOX_MODES },
    about: 'where commands may write: read-only, workspace-write or danger-full-access',
  },
  'full-auto': { type: 'boolean', about: 'the same as --sandbox workspace-write' },
  'dangerously-bypass-approvals-and-sandbox': {
    ...{ type: 'boolean', also: 'yolo' },
    about: 'no sandbox and no questions',
  },
  yolo: { type: 'boolean' },
  'add-dir': { type: 'string', multiple: true, value: 'DIR', about: 'another writable directory; repeatable' },
  trust: { type: 'boolean', about: 'trust this project for this run: its settings count, and it is writable' },
  'allowed-tools': {
    ...{ type: 'string', multiple: true, value: 'NAMES' },
    about: 'offer the model these tools alone; separate with commas, * matches any text',
  },
  'disallowed-tools': { type: 'string', multiple: true, value: 'NAMES', about: 'do not offer these tools' },
  'max-turns': { type: 'string', value: 'N', about: 'stop after N responses of the model' },
} as const satisfies OptionSpecs;

/** of the thread, */
export const threadOptions = {
  name: { type: 'string', value: 'NAME', about: 'name of the new thread, by which it can be resumed' },
  'session-id': { type: 'string', value: 'UUID', about: 'id of the new thread' },
} as const satisfies OptionSpecs;

/** and of settings. */
export const settingOptions = {
  config: {
    ...{ type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE' },
    about: 'override a setting; repeatable',
  },
  'mcp-config': {
    ...{ type: 'string', multiple: true, value: 'FILE' },
    about: 'file with MCP servers, as JSON ("mcpServers") or TOML; repeatable',
  },
  'ignore-user-config': {
    type: 'boolean',
    about: "do not read your config.toml; keys and the machine's settings count",
  },
  profile: { type: 'string', short: 'p', value: 'NAME', about: 'profile of the configuration' },
  enable: { type: 'string', multiple: true, value: 'FEATURE', about: 'switch a feature on; repeatable' },
  disable: { type: 'string', multiple: true, value: 'FEATURE', about: 'switch a feature off; repeatable' },
  'strict-config': { type: 'boolean', about: 'treat an unknown key in the configuration as an error' },
} as const satisfies OptionSpecs;

export const sessionHeadings = {
  model: 'The model',
  cd: 'What it is allowed to do',
  config: 'Settings',
} as const;

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
  const maxTurns = countOf('max-turns', given['max-turns'], 1);
  return {
    ...(given.model === undefined ? {} : { model: given.model }),
    ...(given.effort === undefined ? {} : { effort: given.effort }),
    ...(given.profile === undefined ? {} : { profile: given.profile }),
    ...(sandboxMode === null ? {} : { sandboxMode }),
    ...(given.oss ? { oss: true } : {}),
    ...(localProvider === null ? {} : { localProvider }),
    ...(given['add-dir'] === undefined ? {} : { addDirs: given['add-dir'] }),
    ...(given['allowed-tools'] === undefined ? {} : { allowedTools: namesIn(given['allowed-tools']) }),
    ...(given['disallowed-tools'] === undefined ? {} : { disallowedTools: namesIn(given['disallowed-tools']) }),
    ...(maxTurns === null ? {} : { maxTurns }),
    ...(given['append-system-prompt'] === undefined ? {} : { instructions: given['append-system-prompt'] }),
    ...(given['mcp-config'] === undefined ? {} : { mcpFiles: given['mcp-config'] }),
    ...(given.trust ? { trusted: true } : {}),
    ...(given['ignore-user-config'] ? { withoutUserFile: true } : {}),
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
