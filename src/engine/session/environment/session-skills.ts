import {
  chosenSkills,
  discoverSkills,
  isSkillList,
  onOneLine,
  skillList,
  type TurnContext,
} from '../../../context/index.ts';
import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { SessionServices } from '../services.ts';
import { contextBudget } from '../turn/context-budget.ts';

/** Most skills that can't be used that get a warning of their own. */
const MAX_NAMED_FAULTS = 10;

type SkillServices = Pick<SessionServices, 'config' | 'child'>;

/**
 * The list of skills at the start of a thread; null if there are none, and for a child, which works on a task of its parent.
 * @throws the signal's reason
 */
export async function firstSkillList(
  context: TurnContext,
  { config, child }: SkillServices,
  signal: AbortSignal,
  onWarning: (message: string) => void,
): Promise<ResponseItem | null> {
  if (child !== null) return null;
  const { skills, faults } = await discoverSkills(config, signal);
  for (const { path, reason } of faults.slice(0, MAX_NAMED_FAULTS)) onWarning(`skill ${onOneLine(path)}: ${reason}`);
  const more = faults.length - MAX_NAMED_FAULTS;
  if (more > 0) onWarning(`${more} more skills can't be used: \`keel skills\` names them`);
  return skillList(skills, contextBudget(context).skillListBytes);
}

/** The list at the start of a thread, which it keeps. */
export function keptSkillList(items: readonly ResponseItem[]): ResponseItem | null {
  return items.find(isSkillList) ?? null;
}

/** The skills that the user's text names, to follow it. A turn that is stopped meanwhile gets none. */
export async function skillsFor(
  text: string,
  context: TurnContext,
  { config, child }: SkillServices,
  signal: AbortSignal,
  onWarning: (message: string) => void,
): Promise<readonly ResponseItem[]> {
  if (child !== null) return [];
  try {
    const maxBytes = contextBudget(context).skillsBytes;
    return await chosenSkills({ settings: config, text, maxBytes, signal, onWarning });
  } catch (error) {
    // The user's message is recorded all the same.
    if (signal.aborted) return [];
    throw error;
  }
}
