import { dirname } from 'node:path';
import { RootScan } from './root-scan.ts';
import type { Skill, SkillFault, Skills } from './skill.ts';
import { realOrNull, type SkillSettings, skillRoots } from './skill-roots.ts';

/** The reason for a project's folder of skills, worded as the others are. */
const UNTRUSTED = 'what is in it is not offered, since you do not trust this project';

/**
 * Every skill below the roots that the user trusts, each once. Where no root exists this costs one `stat` each.
 * @throws the signal's reason; what can't be read is a fault
 */
export async function discoverSkills(settings: SkillSettings, signal: AbortSignal): Promise<Skills> {
  const { trusted, untrusted } = await skillRoots(settings);
  const withheld = untrusted.map(({ origin }): SkillFault => ({ path: origin.named, reason: UNTRUSTED }));
  if (trusted.length === 0) return { skills: [], faults: withheld };
  const [disabled, ...found] = await Promise.all([
    disabledPaths(settings),
    ...trusted.map((root) => new RootScan(root, signal).run()),
  ]);
  const skills = new Map<string, Skill>();
  for (const skill of found.flatMap((scan) => scan.skills)) {
    const enabled = !disabled.has(skill.path) && !disabled.has(dirname(skill.path));
    if (!skills.has(skill.path)) skills.set(skill.path, { ...skill, enabled });
  }
  const faults = new Map([...withheld, ...found.flatMap((scan) => scan.faults)].map((fault) => [fault.path, fault]));
  return { skills: [...skills.values()], faults: [...faults.values()].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** A skill is disabled by the path of its folder or of its file. */
async function disabledPaths({ skills }: SkillSettings): Promise<ReadonlySet<string>> {
  const resolved = await Promise.all(skills.disabled.map(realOrNull));
  return new Set(resolved.filter((path) => path !== null));
}
