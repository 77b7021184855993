/** Where skills come from, in the order in which they are listed. */
export const SKILL_SCOPES = ['repo', 'user', 'system', 'admin'] as const;
export type SkillScope = (typeof SKILL_SCOPES)[number];

/** Instructions for one kind of work, kept in a `SKILL.md`. */
export interface Skill {
  readonly name: string;
  readonly description: string;
  readonly shortDescription: string | null;
  /** Of its `SKILL.md`, absolute, links resolved. What the skill names is relative to the folder of that. */
  readonly path: string;
  readonly scope: SkillScope;
  /** False: the user switched it off. */
  readonly enabled: boolean;
}

/** A skill that is passed over, or a folder that could not be looked through. */
export interface SkillFault {
  readonly path: string;
  /** What is wrong with it, for the user; nothing of the file's text. */
  readonly reason: string;
}

export interface Skills {
  /** The higher a root, the earlier; where two have one name, the first is meant. */
  readonly skills: readonly Skill[];
  readonly faults: readonly SkillFault[];
}
