import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFileStart } from '../../foundation/files/index.ts';
import type { Config } from '../../storage/config/index.ts';
import { type PromptFile, parsePromptFile } from './prompt-file.ts';

/** A prompt of the user's own, from `prompts/NAME.md`. */
export interface CustomPrompt extends PromptFile {
  readonly name: string;
}

const MAX_BYTES = 256 * 1024;

/**
 * The user's own prompts, `prompts/NAME.md` in keel's home, by name, then those of plugins, `PLUGIN:NAME`. Links and files that
 * aren't UTF-8 are passed over.
 */
export function readPromptFiles({ home, plugins }: Pick<Config, 'home' | 'plugins'>): readonly CustomPrompt[] {
  const dir = join(home, 'prompts');
  const own = namesIn(dir).map((name) => ({ name: name.slice(0, -'.md'.length), path: join(dir, name) }));
  return [...own, ...plugins.flatMap(({ prompts }) => prompts)].flatMap(({ name, path }) => {
    const text = textOf(path);
    return text === null ? [] : [{ name, ...parsePromptFile(text) }];
  });
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => /[^.]\.md$/i.test(name))
      .sort();
  } catch {
    // There is no such directory.
    return [];
  }
}

function textOf(path: string): string | null {
  try {
    if (!lstatSync(path).isFile()) return null;
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileStart(path, { maxBytes: MAX_BYTES }).bytes);
  } catch {
    // Gone, unreadable, or not text.
    return null;
  }
}
