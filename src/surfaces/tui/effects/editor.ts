import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeText, temporaryDirectory } from '../../../foundation/util/index.ts';
import type { Environment } from '../../../storage/config/index.ts';
import { startProgram } from '../../../system/process/index.ts';

/**
 * Has a text edited in the user's editor, on the terminal that keel gives away meanwhile.
 * @throws Error that says what to do if there is no editor or it failed
 */
export async function editedInEditor(text: string, home: string, env: Environment): Promise<string> {
  const command = env['VISUAL'] || env['EDITOR'];
  if (!command) throw new Error('No editor is set: set VISUAL or EDITOR, for example EDITOR=vi');
  using directory = temporaryDirectory(home, 'edit');
  const path = join(directory.path, 'message.md');
  writeFileSync(path, text, { mode: 0o600 });
  // Editors are given with arguments, such as `code --wait`, and a shell splits them as the user means them.
  const child = startProgram('/bin/sh', ['-c', `${command} "$1"`, 'sh', path], { env, stdio: 'inherit' });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('exit', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`${command} ended with ${code ?? 'a signal'}: the draft is as it was`);
  return decodeText(readFileSync(path));
}
