import { basename, dirname } from 'node:path';
import * as z from 'zod/mini';
import type { PlaceJudge } from '../../foundation/files/index.ts';
import { BrokenSkill, readSkillFile, splitFrontMatter } from './skill-file.ts';

/** Only this much of a file is searched for front matter, UTF-8 bytes. */
const MAX_FRONT_MATTER_BYTES = 16 * 1024;
/** Limits of the convention for skills. */
const MAX_NAME_CHARS = 64;
const MAX_DESCRIPTION_CHARS = 1_024;

const Fields = z.lazy(() =>
  z.object({
    name: z.optional(z.nullable(z.string())),
    description: z.optional(z.nullable(z.string())),
    metadata: z.catch(z.nullish(z.object({ 'short-description': z.optional(z.string()) })), null),
  }),
);

const AnyFields = z.record(z.string(), z.unknown());

export interface DescribedSkill {
  readonly name: string;
  readonly description: string;
  readonly shortDescription: string | null;
}

/** Reads the front matter of a `SKILL.md`. @throws BrokenSkill, FileFault, or a system error */
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

/** The front matter of a Markdown file and the text behind it; without front matter all of it is text. */
export type MarkdownParts =
  | { readonly type: 'parts'; readonly fields: Readonly<Record<string, unknown>>; readonly body: string }
  | { readonly type: 'fault'; readonly reason: string };

/** Reads the front matter of any Markdown file. */
export async function frontMatter(text: string): Promise<MarkdownParts> {
  const parts = splitFrontMatter(text.replaceAll('\r\n', '\n'));
  if (parts === null) return { type: 'parts', fields: {}, body: text };
  try {
    const fields = AnyFields.safeParse(await parseYaml(parts.yaml)).data ?? {};
    return { type: 'parts', fields, body: parts.body };
  } catch (error) {
    if (error instanceof BrokenSkill) return { type: 'fault', reason: error.message };
    throw error;
  }
}

/** Loads the library when the first skill is read. Its messages may contain some of the text, so they are not shown. */
async function parseYaml(yaml: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  let fault: string;
  try {
    const document = parseDocument(yaml, { logLevel: 'silent', prettyErrors: false });
    const [error] = document.errors;
    if (!error) return document.toJS();
    // The front matter starts on the second line of the file.
    const line = yaml.slice(0, error.pos[0]).split('\n').length + 1;
    fault = `line ${line}: ${error.code}`;
  } catch {
    // An alias without a target or with too large a one, or lists nested too deep.
    fault = 'it is nested too deep, or an alias in it has no target';
  }
  throw new BrokenSkill(`its front matter isn't valid YAML (${fault})`);
}

/** A field's text on one line; null if it is empty. */
function field(key: string, value: string | null | undefined, maxChars: number): string | null {
  const line = (value ?? '').replaceAll(/\s+/g, ' ').trim();
  if ([...line].length > maxChars) throw new BrokenSkill(`its ${key} is longer than ${maxChars} characters`);
  return line === '' ? null : line;
}

function missing(key: string): never {
  throw new BrokenSkill(`it has no ${key}`);
}
