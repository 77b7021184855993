import type { readCommandLine } from '../../command-line.ts';
import type { CommandSpec } from '../../command-spec.ts';

/** What is known of `keel plugin` before it runs. */
export const pluginSpec = {
  usage: [
    'plugin add FOLDER|PACKAGE[@VERSION] [--yes]',
    'plugin list [--json]',
    'plugin show NAME|FOLDER [--json]',
    'plugin enable NAME [--yes]',
    'plugin disable NAME',
    'plugin remove NAME',
  ],
  about: [
    "Add, show and remove plugins: skills, prompts, hooks, MCP servers and roles for subagents in one folder or npm package. A plugin is copied into keel's home, and counts while its files are as you accepted them. Nothing of it runs when it is added. See docs/plugins.md.",
  ],
  verbs: {
    add: 'show what a plugin brings and runs, and install it once you say yes',
    list: 'list the installed plugins',
    show: 'show what a plugin brings and runs, and what of it has changed',
    enable: 'switch a plugin on; of one that has changed, show the changes and accept them',
    disable: 'switch a plugin off, and keep it',
    remove: 'remove a plugin',
  },
  options: {
    yes: { type: 'boolean', short: 'y', about: 'add, enable: do not ask' },
    json: { type: 'boolean', about: 'list, show: print JSON' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
  },
} as const satisfies CommandSpec;

export type PluginValues = ReturnType<typeof readCommandLine<typeof pluginSpec.options>>['values'];
