import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { onOneLine } from '../escape.ts';
import { discoverSkills } from './discover-skills.ts';
import type { Skill, Skills } from './skill.ts';
import { faultOf, readSkillFile, splitFrontMatter } from './skill-file.ts';
import type { SkillSettings } from './skill-roots.ts';
import { chosenSkill } from './skill-texts.ts';

/** Matches `$name` and `$plugin:name` where it is not part of a longer word and not escaped. */
const MENTION = /(?<![\p{L}\p{N}_$\\])\$([\p{L}\p{N}][\p{L}\p{N}_-]*)(:[\p{L}\p{N}][\p{L}\p{N}_-]*)?/gu;

export interface ChosenOptions {
  readonly settings: SkillSettings;
  /** The user's text. */
  readonly text: string;
  /** Limit for all skills that the text names, UTF-8 bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Called for each skill that was named and can't be used. */
  readonly onWarning: (message: string) => void;
}

/**
 * The skills that a message names as `$name`, as messages that belong behind it. Most messages name none, and then nothing is
 * searched. A `$word` that isn't a skill is ignored.
 * @throws the signal's reason
 */
export async function chosenSkills(options: ChosenOptions): Promise<ResponseItem[]> {
  const { settings, text, maxBytes, signal, onWarning } = options;
  const mentions = [...text.matchAll(MENTION)];
  if (mentions.length === 0) return [];
  const known = await discoverSkills(settings, signal);
  const names = new Set(mentions.map(([, name = '', more = '']) => mentionedName(name, more, known)));
  const messages: ResponseItem[] = [];
  let left = maxBytes;
  for (const name of names) {
    const skill = skillNamed(name, known, onWarning);
    if (skill === null) continue;
    try {
      signal.throwIfAborted();
      const file = readSkillFile(skill.path, left, ({ path }) =>
        path === skill.path ? null : 'it was moved meanwhile',
      );
      messages.push(chosenSkill(skill, { ...file, text: splitFrontMatter(file.text)?.body ?? '' }));
      left -= file.bytes;
    } catch (error) {
      signal.throwIfAborted();
      onWarning(`the skill ${name} can't be used: ${onOneLine(skill.path)}: ${faultOf(error)}`);
    }
  }
  return messages;
}

/** In `$name:word` the colon may be part of the text: the whole is a name only where a plugin has such a skill. */
function mentionedName(name: string, more: string, { skills }: Skills): string {
  return skills.some((skill) => skill.name === name + more) ? name + more : name;
}

/** The enabled skill of that name from the highest root. */
function skillNamed(name: string, { skills, faults }: Skills, onWarning: (message: string) => void): Skill | null {
  const named = skills.filter((skill) => skill.name === name);
  const usable = named.find(({ enabled }) => enabled);
  if (usable) return usable;
  const broken = faults.find(({ path }) => path.endsWith(`/${name}/SKILL.md`));
  if (named[0]) onWarning(`the skill ${name} is switched off: ${onOneLine(named[0].path)}`);
  else if (broken) onWarning(`the skill ${name} can't be used: ${onOneLine(broken.path)}: ${broken.reason}`);
  return null;
}
