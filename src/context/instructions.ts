import type { ModelInfo } from '../model/index.ts';
import { claudeLine, commandLines, generalText, shortText } from './base-texts.ts';

export interface InstructionFacts {
  readonly model: Pick<ModelInfo, 'baseText' | 'addendum' | 'shellTool'>;
  /** Names of the tools that are offered. */
  readonly tools: readonly string[];
  /** How to write a patch, for a model that is offered no tool for it and needs to be told; else null. */
  readonly patchSection: string | null;
}

/**
 * The `instructions` of a thread. The same facts give the same bytes, whoever asks and whenever: no date, path, policy or
 * git state is in them, so that all threads of a model share the cached prefix.
 */
export function renderInstructions({ model, tools, patchSection }: InstructionFacts): string {
  const base = model.baseText === 'short' ? shortText : generalText;
  const lines = base.replace('{{commands}}', commandsLine(model, tools)).split('\n');
  const fitting = lines.filter((line) => tools.includes('update_plan') || !line.includes('`update_plan`'));
  const text = withAddendum(fitting, model).join('\n');
  const editor = tools.includes('edit_file') ? text.replaceAll('`apply_patch`', '`edit_file`') : text;
  return patchSection === null ? editor : `${editor}\n\n${patchSection}`;
}

function commandsLine({ baseText, shellTool }: InstructionFacts['model'], tools: readonly string[]): string {
  if (tools.includes('exec_command')) return commandLines.session;
  if (baseText === 'short' && tools.includes('shell')) return commandLines.oneShotTuned;
  const name = tools.find((tool) => tool === 'shell' || tool === 'shell_command') ?? shellTool;
  return commandLines.oneShot.replaceAll('{{shell}}', name);
}

/** The family's own line closes the tools section. */
function withAddendum(lines: readonly string[], { addendum }: InstructionFacts['model']): string[] {
  if (addendum !== 'claude') return [...lines];
  const at = lines.indexOf('# Messages') - 1;
  return at < 0 ? [...lines, claudeLine] : [...lines.slice(0, at), claudeLine, ...lines.slice(at)];
}
