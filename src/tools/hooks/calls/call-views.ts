import { resolve } from 'node:path';
import { ownValue, parseJson, quoteCommand } from '../../../foundation/util/index.ts';
import type { ToolCall } from '../../contract/index.ts';
import type { HookFormat } from '../hook.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A call as a hook is shown it: by the names of one program. */
export interface CallView {
  /** What kind of view it is, which decides how changed arguments become a call again. */
  readonly type: 'shell' | 'typed' | 'patch' | 'file' | 'edit' | 'own';
  readonly tool: string;
  readonly names: HookFormat | null;
  readonly input: Fields;
  /** The command line, path or text that the call is about. */
  readonly content: string;
}

export interface CallPlace {
  /** The turn's working directory, absolute. */
  readonly cwd: string;
}

const SHELLS: readonly string[] = ['shell', 'container.exec', 'local_shell', 'shell_command', 'exec_command'];
/** keel's tools that another program has under another name, with the names of their arguments there. */
const ALSO_CALLED: Readonly<Record<string, readonly [tool: string, fields: Readonly<Record<string, string>>]>> = {
  read_file: ['Read', { file_path: 'file_path', path: 'file_path', offset: 'offset', limit: 'limit' }],
  view_image: ['Read', { path: 'file_path', file_path: 'file_path' }],
  list_dir: ['LS', { dir_path: 'path', path: 'path' }],
  grep_files: ['Grep', { pattern: 'pattern', path: 'path', include: 'glob' }],
  web_fetch: ['WebFetch', { url: 'url' }],
  spawn_agent: ['Task', { message: 'prompt', prompt: 'prompt', task: 'prompt', agent_type: 'subagent_type' }],
};
const PATCH = /\bapply_?patch\b/;
const SECTION = /^\*\*\* (Add|Update|Delete) File: (.+?)\s*$/;

/**
 * A call in every form in which a hook may know it. Commands are `Bash`, whatever tool runs them, also as keys that are typed into a
 * shell. Changes of files are a patch (`apply_patch`) and one `Edit` or `Write` for each file, also where a command line contains
 * the patch.
 */
export function callViews(call: ToolCall, place: CallPlace): readonly CallView[] {
  const fields = fieldsOf(call);
  const own: CallView = { type: 'own', tool: call.name, names: 'keel', input: fields, content: firstText(fields) };
  if (SHELLS.includes(call.name)) return [...shellViews(call, fields, place), own];
  switch (call.name) {
    case 'write_stdin':
      return [...typedViews(fields), own];
    case 'apply_patch':
      return [...patchViews(patchText(call, fields), place), own];
    case 'edit_file':
      return [...editViews(fields, place), own];
    default:
      return [...otherNames(call.name, fields, place), own];
  }
}

function shellViews(call: ToolCall, fields: Fields, { cwd }: CallPlace): CallView[] {
  const command = commandOf(call, fields);
  const workdir = textOf(fields['workdir'] ?? fields['cwd']);
  const input = { command, ...described(fields), ...(workdir === null ? {} : { workdir }) };
  const shell: CallView = { type: 'shell', tool: 'Bash', names: null, input, content: command };
  if (!PATCH.test(command)) return [shell];
  const place = { cwd: resolve(cwd, workdir ?? '') };
  // The arguments of a patch within a command line are the command line's.
  return [shell, ...patchViews(command, place).map((view) => ({ ...view, type: 'shell' as const }))];
}

function typedViews(fields: Fields): CallView[] {
  const chars = textOf(fields['chars']);
  if (chars === null || chars.trim() === '') return [];
  return [{ type: 'typed', tool: 'Bash', names: null, input: { command: chars }, content: chars }];
}

/** The whole patch, and each of its files. */
function patchViews(patch: string, { cwd }: CallPlace): CallView[] {
  const whole: CallView = {
    type: 'patch',
    tool: 'apply_patch',
    names: 'codex',
    input: { command: patch },
    content: patch,
  };
  return [whole, ...sectionsOf(patch).map((section) => fileView(section, cwd))];
}

interface PatchSection {
  readonly kind: string;
  readonly path: string;
  readonly lines: readonly string[];
}

function sectionsOf(patch: string): PatchSection[] {
  const sections: { kind: string; path: string; lines: string[] }[] = [];
  let lines: string[] = [];
  for (const line of patch.split('\n')) {
    const [, kind, path] = SECTION.exec(line) ?? [];
    const moved = /^\*\*\* Move to: (.+?)\s*$/.exec(line)?.[1];
    if (kind !== undefined && path !== undefined) {
      lines = [];
      sections.push({ kind, path, lines });
      // The target of a move is written too.
    } else if (moved !== undefined) sections.push({ kind: 'Update', path: moved, lines });
    else lines.push(line);
  }
  return sections;
}

function fileView({ kind, path, lines }: PatchSection, cwd: string): CallView {
  const file_path = resolve(cwd, path);
  const marked = (...marks: readonly string[]) =>
    lines.flatMap((line) => (marks.some((mark) => line.startsWith(mark)) ? [line.slice(1)] : [])).join('\n');
  const input =
    kind === 'Update'
      ? { file_path, old_string: marked('-', ' '), new_string: marked('+', ' ') }
      : { file_path, content: marked('+') };
  const tool = kind === 'Update' ? 'Edit' : 'Write';
  return { type: 'file', tool, names: 'claude', input, content: file_path };
}

function editViews(fields: Fields, { cwd }: CallPlace): CallView[] {
  const path = textOf(fields['file_path'] ?? fields['path'] ?? fields['filename']) ?? '';
  const before = textOf(fields['old_string'] ?? fields['old_str'] ?? fields['search']) ?? '';
  const after = textOf(fields['new_string'] ?? fields['new_str'] ?? fields['replace']) ?? '';
  const marked = (text: string, mark: string) => (text === '' ? [] : text.split('\n').map((line) => mark + line));
  const head = before === '' ? 'Add' : 'Update';
  const lines = [
    `*** ${head} File: ${path}`,
    ...(head === 'Add' ? [] : ['@@']),
    ...marked(before, '-'),
    ...marked(after, '+'),
  ];
  const patch = ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
  const file_path = resolve(cwd, path);
  const edit = { file_path, old_string: before, new_string: after };
  return [
    { type: 'patch', tool: 'apply_patch', names: 'codex', input: { command: patch }, content: patch },
    { type: 'edit', tool: 'Edit', names: 'claude', input: edit, content: file_path },
  ];
}

function otherNames(name: string, fields: Fields, { cwd }: CallPlace): CallView[] {
  const [tool, names] = ownValue(ALSO_CALLED, name) ?? [];
  if (tool === undefined || names === undefined) return [];
  const input = Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
      const other = ownValue(names, key);
      if (other === undefined) return [];
      return [[other, other === 'file_path' && typeof value === 'string' ? resolve(cwd, value) : value]];
    }),
  );
  return [{ type: 'own', tool, names: 'claude', input, content: firstText(input) }];
}

/** The script of a call that runs a command. */
export function commandOf({ payload }: ToolCall, fields: Fields): string {
  const command = payload.type === 'localShell' ? payload.action.command : (fields['command'] ?? fields['cmd']);
  const list = typeof command === 'string' && /^\s*\["/.test(command) ? parseJson(command) : command;
  if (Array.isArray(list)) {
    const words = list.map(String);
    return scriptIn(words) ?? quoteCommand(words);
  }
  if (typeof command === 'string') return command;
  return payload.type === 'custom' ? payload.input : '';
}

/** The script of an argument list that is a shell which runs one. */
function scriptIn([program = '', ...words]: readonly string[]): string | null {
  const flag = words.findIndex((word) => /^-[a-z]*c$/.test(word));
  const isShell = /(?:^|\/)(?:ba|z|da|k)?sh$/.test(program);
  return isShell && flag !== -1 && words.length === flag + 2 ? (words[flag + 1] ?? null) : null;
}

function patchText({ payload }: ToolCall, fields: Fields): string {
  if (payload.type === 'custom') return payload.input;
  return textOf(fields['input'] ?? fields['patch']) ?? '';
}

function described(fields: Fields): Fields {
  const { justification } = fields;
  return typeof justification === 'string' ? { description: justification } : {};
}

/** The arguments of a call; empty for one that has none that can be read. */
export function fieldsOf({ payload }: ToolCall): Fields {
  if (payload.type === 'localShell') return { command: payload.action.command };
  const value = parseJson(payload.type === 'custom' ? payload.input : payload.arguments);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  return payload.type === 'custom' ? { input: payload.input } : {};
}

function firstText(fields: Fields): string {
  return Object.values(fields).find((value) => typeof value === 'string') ?? '';
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
