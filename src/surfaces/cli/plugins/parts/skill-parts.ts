import { namedPaths, type PartSource, type PluginFileMap } from './part-source.ts';

const SKILL = /(?:^|\/)SKILL\.md$/;

/** The folders of a plugin that are searched for skills. */
export function skillParts(source: PartSource): string[] {
  const { files, manifest, note } = source;
  const named = ['skills', ...namedPaths(source, 'skills', manifest.skills)];
  return [...new Set(named)].filter((folder) => {
    const isSkill = files.has(`${folder}/SKILL.md`);
    if (isSkill) note(`the skill ${folder} is not used: name the folder that it is in`);
    return !isSkill && skillFolders(files, folder).length > 0;
  });
}

/** The folders below one that are skills, relative to the plugin. */
export function skillFolders(files: PluginFileMap, folder: string): string[] {
  return [...files.keys()]
    .filter((path) => path.startsWith(`${folder}/`) && SKILL.test(path))
    .map((path) => path.replace(SKILL, ''));
}
