import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { readHomeFile } from './layers/index.ts';

/**
 * Writes into the user's configuration whether they trust a project. `folder`: as `trustPlace` names it.
 * @throws KeelError `invalidConfig` if the file already says something of the folder in another way, `storageFailed`
 */
export function recordTrust(home: string, folder: string, level: 'trusted' | 'untrusted'): void {
  const path = join(home, 'config.toml');
  const text = readHomeFile(home, 'config.toml') ?? '';
  const heading = `[projects.${JSON.stringify(folder)}]`;
  if (text.includes(heading)) {
    throw new KeelError('invalidConfig', `${path} has a section ${heading} already: set its trust_level there`);
  }
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const gap = text === '' ? '' : text.endsWith('\n') ? '\n' : '\n\n';
    appendFileSync(path, `${gap}${heading}\ntrust_level = "${level}"\n`, { mode: 0o600 });
  } catch (cause) {
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}`, { cause });
  }
}
