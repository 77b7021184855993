import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { byteLength } from '../../foundation/util/index.ts';
import { contextMessage } from '../context-message.ts';
import { escaped } from '../escape.ts';
import { SKILL_SCOPES, type Skill } from './skill.ts';
import type { SkillText } from './skill-file.ts';

const MAX_NAME_CHARS = 100;
const MAX_DESCRIPTION_CHARS = 200;
const LIST_START = '<skills>\n';
const RULES =
  'Instructions kept in files, for certain kinds of work. When the user names one or the task plainly fits its description, read that file first, whole, and follow it; paths in it are relative to its folder. Load no others.';

/** The list of enabled skills for the start of a thread, at most `maxBytes`; null if there are none. */
export function skillList(skills: readonly Skill[], maxBytes: number): ResponseItem | null {
  const listed = inOrder(skills.filter(({ enabled }) => enabled));
  if (listed.length === 0) return null;
  const whole = listText(listed.map(describedLine));
  return contextMessage(byteLength(whole) <= maxBytes ? whole : shortList(listed.map(shortLine), maxBytes));
}

/** Sorts by scope, then by name. */
export function inOrder(skills: readonly Skill[]): Skill[] {
  const place = ({ scope, name, path }: Skill) => `${SKILL_SCOPES.indexOf(scope)} ${name}\n${path}`;
  return skills.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** Whether a message is the list of skills from the start of a thread. */
export function isSkillList(item: ResponseItem): boolean {
  if (item.type !== 'message' || item.role !== 'user') return false;
  const [part] = item.content;
  return part?.type === 'input_text' && part.text.startsWith(LIST_START);
}

/** The message with a skill that the user chose, behind the message that names it. `text`: its file without front matter. */
export function chosenSkill({ name, path }: Skill, { text, bytes, total }: SkillText): ResponseItem {
  const body = text.trim().replaceAll(/<(?=\/?skills\b)/gi, '&lt;');
  const cut = bytes < total ? `\n[${escaped(path)}: ${bytes} of ${total} bytes shown; read the file for the rest]` : '';
  return contextMessage(
    `<skills name="${attribute(name)}" path="${attribute(path)}">\nThe user asks for this one with the message before. Paths in it are relative to its folder.\n\n${body}${cut}\n</skills>`,
  );
}

const CHOSEN = /^<skills name="([^"]{0,2000})" path="([^"]{0,2000})">\n/;

/** The name and the file of a skill that the user chose, from the message with it; null for any other item. */
export function chosenSkillLabel(item: ResponseItem): string | null {
  if (item.type !== 'message' || item.role !== 'user') return null;
  const [part] = item.content;
  const [, name, path] = CHOSEN.exec(part?.type === 'input_text' ? part.text : '') ?? [];
  return name === undefined || path === undefined ? null : `${name} (${path})`;
}

function attribute(value: string): string {
  return escaped(value).replaceAll('"', '&quot;');
}

function describedLine({ name, description, path }: Skill): string {
  return `${escaped(name, MAX_NAME_CHARS)}: ${escaped(description, MAX_DESCRIPTION_CHARS)} (${escaped(path)})`;
}

function shortLine({ name, path }: Skill): string {
  return `${escaped(name, MAX_NAME_CHARS)} (${escaped(path)})`;
}

/** The lines that fit, and the number of the others. */
function shortList(lines: readonly string[], maxBytes: number): string {
  const fits = (text: string) => byteLength(text) <= maxBytes;
  const whole = listText(lines);
  if (fits(whole)) return whole;
  const withFirst = (shown: number) => listText([...lines.slice(0, shown), `… and ${lines.length - shown} more`]);
  let shown = 0;
  while (fits(withFirst(shown + 1))) shown += 1;
  return withFirst(shown);
}

function listText(lines: readonly string[]): string {
  return `${LIST_START}${RULES}\n${lines.join('\n')}\n</skills>`;
}
