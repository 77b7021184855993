import { basename, dirname } from 'node:path';
import * as z from 'zod/mini';
import type { PlaceJudge } from '../../foundation/files/index.ts';
import { BrokenSkill, readSkillFile, splitFrontMatter } from './skill-file.ts';

/** More front matter than this, UTF-8 bytes, is not looked at. */
const MAX_FRONT_MATTER_BYTES = 16 * 1024;
/** By the convention for skills. */
const MAX_NAME_CHARS = 64;
const MAX_DESCRIPTION_CHARS = 1_024;

const Fields = z.object({
  name: z.optional(z.nullable(z.string())),
  description: z.optional(z.nullable(z.string())),
  metadata: z.catch(z.nullish(z.object({ 'short-description': z.optional(z.string()) })), null),
});

export interface DescribedSkill {
  readonly name: string;
  readonly description: string;
  readonly shortDescription: string | null;
}

/** What a `SKILL.md` says of itself. @throws BrokenSkill, FileFault, or a system error */
export async function readSkill(path: string, judge: PlaceJudge): Promise<DescribedSkill> {
  const { text, bytes, total } = readSkillFile(path, MAX_FRONT_MATTER_BYTES, judge);
  const parts = splitFrontMatter(text);
  if (parts === null) {
    const within = bytes < total ? ` in its first ${MAX_FRONT_MATTER_BYTES} bytes` : '';
    throw new BrokenSkill(`it has no front matter between two lines of ---${within}`);
  }
  const parsed = Fields.safeParse(await parseYaml(parts.yaml));
  if (!parsed.success)
    throw new BrokenSkill(`${parsed.error.issues[0]?.path.join('.') || 'its front matter'} is not a text`);
  const { name, description, metadata } = parsed.data;
  return {
    name:
      field('name', name, MAX_NAME_CHARS) ?? field('name', basename(dirname(path)), MAX_NAME_CHARS) ?? missing('name'),
    description: field('description', description, MAX_DESCRIPTION_CHARS) ?? missing('description'),
    shortDescription: field('short-description', metadata?.['short-description'], MAX_DESCRIPTION_CHARS),
  };
}

/** The library is loaded by the first skill that there is. Its own words may hold some of the text: they are not told. */
async function parseYaml(yaml: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  let fault: string;
  try {
    const document = parseDocument(yaml, { logLevel: 'silent', prettyErrors: false });
    const [error] = document.errors;
    if (!error) return document.toJS();
    // The front matter begins on the second line.
    const line = yaml.slice(0, error.pos[0]).split('\n').length + 1;
    fault = `line ${line}: ${error.code}`;
  } catch {
    // An alias that leads nowhere or to too much, or lists too deep to be read.
    fault = 'it is nested too deep, or an alias in it leads nowhere';
  }
  throw new BrokenSkill(`its front matter is no YAML that can be used (${fault})`);
}

/** On one line; null if it is empty. */
function field(key: string, value: string | null | undefined, maxChars: number): string | null {
  const line = (value ?? '').replaceAll(/\s+/g, ' ').trim();
  if ([...line].length > maxChars) throw new BrokenSkill(`its ${key} is longer than ${maxChars} characters`);
  return line === '' ? null : line;
}

function missing(key: string): never {
  throw new BrokenSkill(`it has no ${key}`);
}
