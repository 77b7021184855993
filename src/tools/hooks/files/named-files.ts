import { filesOfProject, type NamedFile, pathsNamedBy } from '../../../foundation/files/index.ts';

/** The files of a project that a hook's command names. @throws FileFault for one that can't be read */
export function namedFiles(command: string, project: string): NamedFile[] {
  return filesOfProject(namedPaths(command, project), project);
}

/** What the words of a hook's command may name, absolute: behind any variable too, `$CLAUDE_PROJECT_DIR` among them. */
export function namedPaths(command: string, folder: string): string[] {
  return pathsNamedBy([command], folder);
}
