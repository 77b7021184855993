import { chosenSkills, discoverSkills, isSkillList, onOneLine, skillList } from '../../../context/index.ts';
import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { SessionServices } from '../services.ts';

/** Of skills that can't be used, how many are told of one by one. */
const MAX_TOLD_FAULTS = 10;

type SkillServices = Pick<SessionServices, 'config' | 'child'>;

/**
 * The list of skills that a thread begins with; null if there are none, and for a child, which works on what its parent
 * asks of it.
 * @throws the signal's reason
 */
export async function firstSkillList(
  { config, child }: SkillServices,
  signal: AbortSignal,
  onWarning: (message: string) => void,
): Promise<ResponseItem | null> {
  if (child !== null) return null;
  const { skills, faults } = await discoverSkills(config, signal);
  for (const { path, reason } of faults.slice(0, MAX_TOLD_FAULTS)) onWarning(`skill ${onOneLine(path)}: ${reason}`);
  const more = faults.length - MAX_TOLD_FAULTS;
  if (more > 0) onWarning(`${more} more skills can't be used: \`keel skills\` names them`);
  return skillList(skills);
}

/** The list that a thread began with, which it keeps. */
export function keptSkillList(items: readonly ResponseItem[]): ResponseItem | null {
  return items.find(isSkillList) ?? null;
}

/** The skills that the user's text names, for behind it. A turn that is stopped meanwhile gets none. */
export async function skillsFor(
  text: string,
  { config, child }: SkillServices,
  signal: AbortSignal,
  onWarning: (message: string) => void,
): Promise<readonly ResponseItem[]> {
  if (child !== null) return [];
  try {
    return await chosenSkills({ settings: config, text, signal, onWarning });
  } catch (error) {
    // What the user said is recorded all the same.
    if (signal.aborted) return [];
    throw error;
  }
}
