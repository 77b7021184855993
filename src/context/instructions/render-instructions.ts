import type { ModelInfo } from '../../models/catalogue/index.ts';

import { claudeLine, commandLines, editLines, generalText, planLines, shortText } from './base-texts.ts';

export interface InstructionFacts {
  readonly model: Pick<ModelInfo, 'baseText' | 'addendum' | 'shellTool'>;
  /** Names of the tools that are offered. */
  readonly tools: readonly string[];
  /** How to write a patch, for a model that is offered no tool for it and needs to be told; else null. */
  readonly patchSection: string | null;
  /** The user's own text in place of keel's, passed on byte for byte. Absent or null: keel's. */
  readonly override?: string | null;
}

/**
 * The `instructions` of a thread. The same facts give the same bytes, whoever asks and whenever: no date, path, policy or
 * git state is in them, so that all threads of a model share the cached prefix.
 */
export function renderInstructions(facts: InstructionFacts): string {
  const text = facts.override ?? builtInText(facts);
  return facts.patchSection === null ? text : `${text}\n\n${facts.patchSection}`;
}

function builtInText({ model, tools, patchSection }: InstructionFacts): string {
  const { baseText, addendum } = model;
  const editor = editorOf(tools, patchSection !== null);
  const lines: Readonly<Record<string, string | null>> = {
    commands: commandsLine(model, tools),
    edit: editor === null ? null : editLines[baseText].replace('{{editor}}', () => editor),
    plan: tools.includes('update_plan') ? planLines[baseText] : null,
    addendum: addendum === 'claude' ? claudeLine : null,
  };
  const template = baseText === 'short' ? shortText : generalText;
  return template.replaceAll(/^\{\{(\w+)\}\}\n/gm, (_, name: string) => {
    const line = lines[name] ?? null;
    return line === null ? '' : `${line}\n`;
  });
}

/** What the model edits with; `apply_patch` is a command where a section explains it. Null: it edits nothing. */
function editorOf(tools: readonly string[], isPatchCommandTold: boolean): 'apply_patch' | 'edit_file' | null {
  if (tools.includes('edit_file')) return 'edit_file';
  return tools.includes('apply_patch') || isPatchCommandTold ? 'apply_patch' : null;
}

function commandsLine({ baseText, shellTool }: InstructionFacts['model'], tools: readonly string[]): string {
  if (tools.includes('exec_command')) return commandLines.session;
  const runner = tools.find((tool) => tool === 'shell' || tool === 'shell_command') ?? shellTool;
  if (baseText === 'short' && runner === 'shell') return commandLines.oneShotTuned;
  return commandLines.oneShot.replace('{{shell}}', () => runner);
}
