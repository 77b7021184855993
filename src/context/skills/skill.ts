/** Where skills come from, in the order in which they are listed. */
export const SKILL_SCOPES = ['repo', 'user', 'system', 'admin'] as const;
export type SkillScope = (typeof SKILL_SCOPES)[number];

/** Instructions for one kind of work, in a file `SKILL.md`. */
export interface Skill {
  readonly name: string;
  readonly description: string;
  readonly shortDescription: string | null;
  /** Path of the `SKILL.md`, absolute, links resolved. Paths in the skill are relative to its folder. */
  readonly path: string;
  readonly scope: SkillScope;
  /** False: the user disabled it. */
  readonly enabled: boolean;
}

/** A skill that is skipped, or a folder that could not be searched. */
export interface SkillFault {
  readonly path: string;
  /** The reason, for the user; it contains nothing of the file's text. */
  readonly reason: string;
}

export interface Skills {
  /** Skills of higher roots come first; of two with one name, the first one is used. */
  readonly skills: readonly Skill[];
  readonly faults: readonly SkillFault[];
}
