import type { PluginContents } from '../../../../storage/plugins/index.ts';
import { markdownFiles, namedPaths, type PartSource } from './part-source.ts';

/** What can follow `/prompts:PLUGIN:`. */
const NAME = /^[\p{L}\p{N}_.-]+$/u;

/** A plugin's prompts; of two with one name the first counts. Other programs call them commands. */
export function promptParts(source: PartSource): PluginContents['prompts'] {
  const { files, manifest, note } = source;
  const named = [
    ...['prompts', 'commands'],
    ...namedPaths(source, 'prompts', manifest.prompts),
    ...namedPaths(source, 'commands', manifest.commands),
  ];
  const prompts = new Map<string, string>();
  for (const { name, path } of markdownFiles(files, named)) {
    if (!NAME.test(name)) note(`the prompt ${path} is not used: its name can't be typed`);
    else if (prompts.has(name)) note(`the prompt ${path} is not used: there is another one named ${name}`);
    else prompts.set(name, path);
  }
  return [...prompts].map(([name, path]) => ({ name, path }));
}
