import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as z from 'zod/mini';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { decodeText, readJson, reasonOf } from '../../../foundation/util/index.ts';
import { readHomeFile } from '../../../storage/config/index.ts';
import { type Hook, hookText, textDigest } from '../hook.ts';
import { namedFiles } from './named-files.ts';

const FILE = 'hook-trust.json';
/** Longer scripts are known by their digest alone, characters. */
const MAX_KEPT_CHARS = 64 * 1024;

/** What a user accepted of a project's hook, with the text that they saw. */
const AcceptedHook = z.object({ digest: z.string(), file: z.string(), event: z.string(), text: z.string() });
export type AcceptedHook = z.infer<typeof AcceptedHook>;

const TrustFile = z.object({ projects: z.record(z.string(), z.array(AcceptedHook)) });
type TrustFile = z.infer<typeof TrustFile>;

/** A project's hook in the form that is accepted: what it does, and the content of the files of the project that it names. */
export function hookInFull(hook: Hook, project: string): AcceptedHook {
  const file = relative(project, hook.file);
  const parts = namedFiles(hook.command, project).map(({ path, content }) => {
    const text = decodeText(content);
    const digest = textDigest(content.toString('latin1'));
    const shown = text.length > MAX_KEPT_CHARS ? `(${content.length} bytes)` : text.trimEnd();
    return { digest, text: `--- ${relative(project, path)}\n${shown}` };
  });
  const own = `file: ${file}\n${hookText(hook)}`;
  const digest = textDigest(JSON.stringify([own, ...parts.map((part) => part.digest)]));
  return { digest, file, event: hook.event, text: [own, ...parts.map(({ text }) => text)].join('\n') };
}

/** The hooks of a project that the user accepted. @throws KeelError `invalidConfig` for a file that others may write */
export function acceptedHooks(home: string, project: string): readonly AcceptedHook[] {
  return readTrust(home).projects[project] ?? [];
}

/** Writes what the user accepts of a project; an empty list takes all of it back. @throws KeelError `storageFailed`, `invalidConfig` */
export function recordAccepted(home: string, project: string, accepted: readonly AcceptedHook[]): void {
  const { [project]: _, ...others } = readTrust(home).projects;
  const projects = accepted.length === 0 ? others : { ...others, [project]: [...accepted] };
  const path = join(home, FILE);
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}.new`;
    writeFileSync(temporary, `${JSON.stringify({ projects }, null, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (cause) {
    throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}`, { cause });
  }
}

function readTrust(home: string): TrustFile {
  const text = readHomeFile(home, FILE);
  if (text === null) return { projects: {} };
  try {
    return TrustFile.parse(readJson(text));
  } catch (cause) {
    const advice = 'remove it, and accept the hooks of your projects again';
    throw new KeelError('invalidConfig', `${join(home, FILE)} can't be read: ${advice}`, { cause });
  }
}
