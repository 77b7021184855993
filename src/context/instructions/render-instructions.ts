import type { ModelInfo } from '../../models/catalogue/index.ts';

import {
  claudeLine,
  commandLines,
  editLines,
  generalText,
  parallelSentence,
  planLines,
  shortText,
} from './base-texts.ts';

export interface InstructionFacts {
  readonly model: Pick<ModelInfo, 'baseText' | 'addendum' | 'shellTool' | 'supportsParallelToolCalls'>;
  /** Names of the tools that are offered. */
  readonly tools: readonly string[];
  /** The user's own text, which replaces keel's and is sent byte for byte. Absent or null: keel's. */
  readonly override?: string | null;
  /** The user's own text that follows either. */
  readonly added?: string | null;
}

/**
 * The `instructions` of a thread. The same facts always give the same bytes: no date, path, policy or git state is in them, so
 * that all threads of a model share the cached prefix.
 */
export function renderInstructions(facts: InstructionFacts): string {
  const text = facts.override ?? builtInText(facts);
  return facts.added ? `${text.trimEnd()}\n\n${facts.added}` : text;
}

function builtInText({ model, tools }: InstructionFacts): string {
  const { baseText, addendum } = model;
  const editor = editorOf(tools);
  const lines: Readonly<Record<string, string | null>> = {
    commands: commandsLine(model, tools),
    edit: editor === null ? null : editLines[baseText].replace('{{editor}}', () => editor),
    plan: tools.includes('update_plan') ? planLines[baseText] : null,
    addendum: addendum === 'claude' ? claudeLine : null,
  };
  const template = baseText === 'short' ? shortText : generalText;
  const sentence = model.supportsParallelToolCalls ? parallelSentence : '';
  return template.replace('{{parallel}}', sentence).replaceAll(/^\{\{(\w+)\}\}\n/gm, (_, name: string) => {
    const line = lines[name] ?? null;
    return line === null ? '' : `${line}\n`;
  });
}

/** The tool that the model edits with; null: it has none. */
function editorOf(tools: readonly string[]): 'apply_patch' | 'edit_file' | null {
  if (tools.includes('edit_file')) return 'edit_file';
  return tools.includes('apply_patch') ? 'apply_patch' : null;
}

function commandsLine({ baseText, shellTool }: InstructionFacts['model'], tools: readonly string[]): string {
  if (tools.includes('exec_command')) return commandLines.session;
  const runner = tools.find((tool) => tool === 'shell' || tool === 'shell_command') ?? shellTool;
  if (baseText === 'short' && runner === 'shell') return commandLines.oneShotTuned;
  return commandLines.oneShot.replace('{{shell}}', () => runner);
}
