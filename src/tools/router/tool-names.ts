import { nearestName } from '../../foundation/util/index.ts';
import {
  applyPatchTool,
  editFileTool,
  execCommandTool,
  grepFilesTool,
  listDirTool,
  olderShellTools,
  readFileTool,
  requestUserInputTool,
  shellCommandTool,
  shellTool,
  updatePlanTool,
  webFetchTool,
  writeStdinTool,
} from '../builtin/index.ts';

const runners = [execCommandTool.name, shellCommandTool.name, shellTool.name];
const editors = [applyPatchTool.name, editFileTool.name];

/** Tools that do the same work: where one is offered, a call by another's name is answered too. */
const SAME_WORK: readonly (readonly string[])[] = [
  [...runners, writeStdinTool.name, ...olderShellTools.map(({ name }) => name)],
  editors,
];

/** Names of tools in other products, and the tools of keel that do the same. Hints only: nothing runs under these names. */
const KNOWN_AS: readonly { readonly names: readonly string[]; readonly tools: readonly string[] }[] = [
  { names: ['bash', 'sh', 'terminal', 'run', 'run_command', 'execute', 'execute_command'], tools: runners },
  {
    names: [
      ...['edit', 'str_replace', 'str_replace_editor', 'str_replace_based_edit_tool', 'search_replace'],
      ...['write', 'write_file', 'create_file', 'patch'],
    ],
    tools: editors,
  },
  { names: ['read', 'view', 'cat', 'open_file', 'view_file', 'read_file'], tools: [readFileTool.name, ...runners] },
  {
    names: ['grep', 'search', 'rg', 'glob', 'find', 'search_files', 'grep_files'],
    tools: [grepFilesTool.name, ...runners],
  },
  { names: ['ls', 'list_files', 'list_directory', 'list_dir'], tools: [listDirTool.name, ...runners] },
  { names: ['fetch', 'webfetch', 'web_fetch', 'browse', 'read_url'], tools: [webFetchTool.name, ...runners] },
  { names: ['ask', 'ask_user', 'ask_user_question', 'askuserquestion'], tools: [requestUserInputTool.name] },
  { names: ['todo', 'todo_write', 'plan'], tools: [updatePlanTool.name] },
];

/** Whether one of the offered tools does the work of the named one. */
export function doesSameWork(name: string, offered: readonly string[]): boolean {
  return SAME_WORK.some((tools) => tools.includes(name) && tools.some((tool) => offered.includes(tool)));
}

/** The offered tool that a model probably meant by a name; null if none is near. */
export function nearestTool(name: string, offered: readonly string[]): string | null {
  const known = KNOWN_AS.find(({ names }) => names.includes(name.toLowerCase()));
  return known?.tools.find((tool) => offered.includes(tool)) ?? nearestName(name, offered);
}
