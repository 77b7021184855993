import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The README and the pages of the documentation that people write. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md') && !name.endsWith('invariants.md'));

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

export interface Sample {
  /** Page and line, counted from 1. */
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a page in these languages. */
export function samplesOf(page: string, languages: readonly string[]): readonly Sample[] {
  const text = textOf(page);
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(({ 1: language = '', 2: code = '', index }) => {
    const line = text.slice(0, index).split('\n').length;
    return languages.includes(language) ? [{ name: `${page}:${line}`, language, code }] : [];
  });
}

/** Lines of shell code on a page, fenced or indented, without comments. */
export function shellLines(page: string): readonly string[] {
  const blocks = samplesOf(page, ['sh']).flatMap(({ code }) => code.split('\n'));
  const prose = textOf(page).replaceAll(/^```[\s\S]*?^```/gm, '');
  const indented = [...prose.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);
  return [...blocks, ...indented].map((line) => line.replace(/\s+# .*$/, '')).filter((line) => line.trim() !== '');
}

/** Words as a shell reads them; quotes only. */
export function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/["']/g, ''));
}
