import { frontMatter } from '../../../../context/index.ts';
import { byteLength, decodeText } from '../../../../foundation/util/index.ts';
import type { PluginContents } from '../../../../storage/plugins/index.ts';
import { markdownFiles, namedPaths, type PartSource } from './part-source.ts';

/** What the settings of roles allow. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const MAX_INSTRUCTION_BYTES = 4_096;
const MAX_DESCRIPTION_CHARS = 1_024;

/** A plugin's roles for subagents: a description and instructions each. Models and rights stay the user's choice. */
export async function roleParts(source: PartSource): Promise<PluginContents['roles']> {
  const { files, manifest, note } = source;
  const roles: PluginContents['roles'] = {};
  for (const { name: fileName, path } of markdownFiles(files, [
    'agents',
    ...namedPaths(source, 'agents', manifest.agents),
  ])) {
    const unused = (why: string) => note(`the role ${path} is not used: ${why}`);
    const read = await frontMatter(decodeText(files.get(path)?.content ?? Buffer.alloc(0)));
    if (read.type === 'fault') {
      unused(read.reason);
      continue;
    }
    const { fields, body } = read;
    const name = textField(fields, 'name') ?? fileName;
    // The configuration reads it so: a second head isn't text.
    const instructions = body.replace(/^---\n[\s\S]*?\n---\n/, '').trim();
    const bytes = byteLength(instructions);
    if (!NAME.test(name)) unused(`${JSON.stringify(name)} can't be its name: letters, digits, - and _, 32 at most`);
    else if (Object.hasOwn(roles, name)) unused(`there is another one named ${name}`);
    else if (instructions === '') unused('it has no text');
    else if (bytes > MAX_INSTRUCTION_BYTES)
      unused(`its text has ${bytes} bytes, and ${MAX_INSTRUCTION_BYTES} are allowed`);
    else {
      const description = textField(fields, 'description')?.slice(0, MAX_DESCRIPTION_CHARS);
      roles[name] = { instructions, ...(description === undefined ? {} : { description }) };
    }
  }
  return roles;
}

function textField(fields: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = fields[key];
  return typeof value === 'string' && value.trim() !== '' ? value.replaceAll(/\s+/g, ' ').trim() : undefined;
}
