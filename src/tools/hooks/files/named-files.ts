import { filesOfProject, type NamedFile, pathsNamedBy } from '../../../foundation/files/index.ts';

/** The variable that both formats know for the project's folder. */
const PROJECT_VARIABLE = /\$(?:CLAUDE_PROJECT_DIR\b|\{CLAUDE_PROJECT_DIR\})/g;

/** The files of a project that a hook's command names. @throws FileFault for one that can't be read */
export function namedFiles(command: string, project: string): NamedFile[] {
  return filesOfProject(namedPaths(command, project), project);
}

/** What the words of a hook's command may name, absolute. */
export function namedPaths(command: string, folder: string): string[] {
  return pathsNamedBy([command.replaceAll(PROJECT_VARIABLE, folder)], folder);
}
