import { byteLength, readJson, reasonOf } from '../../../../foundation/util/index.ts';
import { jsonFault } from '../../../contract/index.ts';
import { quoted, type SyntaxFault } from './syntax-fault.ts';

export function jsonCheck(text: string): SyntaxFault | null {
  try {
    readJson(text.replace(/^\ufeff/, ''));
    return null;
  } catch (error) {
    const what = jsonFault(text, error);
    const position = Number(/position (\d+)/.exec(what)?.[1] ?? 0);
    const read = text.slice(0, position);
    const isCut = position >= text.trimEnd().length;
    const line = (isCut ? read.trimEnd() : read).split('\n').length;
    return { line, what: isCut ? 'the JSON ends too early' : `not JSON near ${quoted(text.slice(position))}` };
  }
}

export async function tomlCheck(text: string): Promise<SyntaxFault | null> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    parse(text);
    return null;
  } catch (error) {
    if (error instanceof TomlError) return { line: error.line, what: reasonOf(error).split('\n')[0] ?? 'not TOML' };
    throw error;
  }
}

/** The YAML parser can't be stopped, and needs up to half a second for a hostile text of this size. */
const MAX_YAML_BYTES = 32 * 1024;
/** Templates (Helm, Ansible, GitHub's `${{ }}` aside) are YAML only once they are filled in. */
const TEMPLATE = /(?<!\$)\{\{|\{%/;

export async function yamlCheck(text: string): Promise<SyntaxFault | null> {
  if (byteLength(text) > MAX_YAML_BYTES || TEMPLATE.test(text)) return null;
  const { parseAllDocuments } = await import('yaml');
  const documents = parseAllDocuments(text, { logLevel: 'silent' });
  const [error] = [...documents].flatMap(({ errors }) => errors);
  if (error === undefined) return null;
  const what = (error.message.split('\n')[0] ?? 'not YAML').replace(/ at line \d+, column \d+:?$/, '');
  return { line: error.linePos?.[0].line ?? 1, what };
}
