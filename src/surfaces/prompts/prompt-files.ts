import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFileStart, readObeyedFile, UntrustedFile } from '../../foundation/files/index.ts';
import { isInside, ownerOf, realPath } from '../../foundation/util/index.ts';
import type { Config } from '../../storage/config/index.ts';
import { type PromptFile, parsePromptFile } from './prompt-file.ts';

/** A prompt that is typed by its name, from `prompts/NAME.md`. */
export interface CustomPrompt extends PromptFile {
  readonly name: string;
}

const MAX_BYTES = 256 * 1024;

/**
 * The user's own prompts, `prompts/NAME.md` in keel's home, by name; those of the folder that the user trusts, `.keel/prompts/NAME.md`,
 * unless the user has one of that name; then those of plugins, `PLUGIN:NAME`. Links and files that aren't UTF-8 are skipped, and
 * in a project also what others may have written.
 */
export function readPromptFiles({
  home,
  plugins,
  trustedFolder,
}: Pick<Config, 'home' | 'plugins' | 'trustedFolder'>): readonly CustomPrompt[] {
  const own = promptsIn(join(home, 'prompts'), ownBytes);
  const names = new Set(own.map(({ name }) => name));
  const project = trustedFolder === null ? [] : projectPrompts(trustedFolder);
  return [
    ...own,
    ...project.filter(({ name }) => !names.has(name)),
    ...plugins.flatMap(({ prompts }) => prompts.flatMap(({ name, path }) => promptIn(name, path, ownBytes))),
  ];
}

type ReadBytes = (path: string) => Buffer;

const ownBytes: ReadBytes = (path) => readFileStart(path, { maxBytes: MAX_BYTES }).bytes;

function projectPrompts(folder: string): readonly CustomPrompt[] {
  const inside = realPath(folder);
  return promptsIn(join(folder, '.keel', 'prompts'), (path) =>
    readObeyedFile(path, {
      maxBytes: MAX_BYTES,
      limits: () => ({ trusted: ownerOf(folder) }),
      judge: ({ path: real }) => {
        if (!isInside(real, inside)) throw new UntrustedFile('it leads out of the project');
        return null;
      },
    }),
  );
}

function promptsIn(dir: string, read: ReadBytes): readonly CustomPrompt[] {
  return namesIn(dir).flatMap((name) => promptIn(name.slice(0, -'.md'.length), join(dir, name), read));
}

function promptIn(name: string, path: string, read: ReadBytes): readonly CustomPrompt[] {
  try {
    if (!lstatSync(path).isFile()) return [];
    return [{ name, ...parsePromptFile(new TextDecoder('utf-8', { fatal: true }).decode(read(path))) }];
  } catch {
    // Gone, unreadable, not text, or writable by others.
    return [];
  }
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
