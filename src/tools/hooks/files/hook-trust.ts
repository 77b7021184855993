import { relative } from 'node:path';
import * as z from 'zod/mini';
import { filesOfProject, namedFileText, pathsNamedBy } from '../../../foundation/files/index.ts';
import { acceptedOf, type ProjectTrustFile, recordAcceptedOf } from '../../../storage/config/index.ts';
import { type Hook, hookText, textDigest } from '../hook.ts';

/** What a user accepted of a project's hook, with the text that they saw. */
const AcceptedHook = z.object({ digest: z.string(), file: z.string(), event: z.string(), text: z.string() });
export type AcceptedHook = z.infer<typeof AcceptedHook>;

const FILE: ProjectTrustFile<AcceptedHook> = {
  name: 'hook-trust.json',
  entry: AcceptedHook,
  what: 'the hooks of your projects',
};

/**
 * A project's hook in the form that is accepted: what it does, and the content of the files of the project that it names.
 * @throws FileFault for such a file that can't be read
 */
export function hookInFull(hook: Hook, project: string): AcceptedHook {
  const file = relative(project, hook.file);
  const parts = filesOfProject(pathsNamedBy([hook.command], project), project).map(({ path, content }) => {
    const digest = textDigest(content);
    return { digest, text: namedFileText({ path, content }, project, digest) };
  });
  const own = `file: ${file}\n${hookText(hook)}`;
  const digest = textDigest(JSON.stringify([own, ...parts.map((part) => part.digest)]));
  return { digest, file, event: hook.event, text: [own, ...parts.map(({ text }) => text)].join('\n') };
}

/** The hooks of a project that the user accepted. @throws KeelError `invalidConfig` for a file that others may write */
export function acceptedHooks(home: string, project: string): readonly AcceptedHook[] {
  return acceptedOf(home, FILE, project);
}

/** Writes what the user accepts of a project; an empty list takes all of it back. @throws KeelError `storageFailed`, `invalidConfig` */
export function recordAccepted(home: string, project: string, accepted: readonly AcceptedHook[]): void {
  recordAcceptedOf(home, FILE, project, accepted);
}
