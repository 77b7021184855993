import { applyPatchMain } from '../../../tools/patch/index.ts';
import type { CommandIo } from '../io.ts';
import { note, say } from '../output.ts';

/** `keel apply-patch [PATCH]`: the agent's patch engine for a person or a script; without an argument it reads stdin. */
export async function applyPatchCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  const result = await applyPatchMain(words, () => readAll(io), io.cwd);
  say(io, result.stdout);
  note(io, result.stderr);
  return result.exitCode;
}

async function readAll({ stdin }: CommandIo): Promise<string> {
  let text = '';
  for await (const chunk of stdin) text += String(chunk);
  return text;
}
