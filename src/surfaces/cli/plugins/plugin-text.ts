import { quoteCommand } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { PLUGIN_FOLDER, type PluginFile, serverName } from '../../../storage/plugins/index.ts';
import { hooksIn } from './parts/hook-parts.ts';
import { skillFolders } from './parts/skill-parts.ts';
import type { ReadPlugin } from './read-plugin.ts';

/** What a plugin brings and what of it would run, for the user who decides about it. */
export function pluginText(plugin: ReadPlugin, config: Pick<Config, 'hooks'>): string {
  const { name, version, description, contents, files } = plugin;
  const skills = contents.skills
    .flatMap((folder) => skillFolders(files, folder))
    .map((path) => `$${name}:${lastOf(path)}`);
  const prompts = contents.prompts.map((prompt) => `/prompts:${name}:${prompt.name}`);
  const roles = Object.keys(contents.roles).map((role) => `${name}:${role}`);
  const hooks = contents.hooks.flatMap((path) => hooksIn(files, path, plugin.format).hooks);
  const servers = Object.entries(contents.servers).map(([server, table]) =>
    serverLine(serverName(name, server), table),
  );
  const confined =
    config.hooks.sandbox === 'session' ? 'in the sandbox of the session' : 'with your rights: hooks.sandbox';
  return [
    `${name}${version === null ? '' : ` ${version}`}${description === null ? '' : `: ${description}`}`,
    ...section('Skills', skills),
    ...section('Prompts', prompts),
    ...section('Roles for subagents', roles),
    ...section(
      `Hooks that will run, ${confined}`,
      hooks.map(({ event, matcher, command }) => `${event}${matcher === null ? '' : ` (${matcher})`}: ${command}`),
    ),
    ...section('MCP servers that will be started or reached', servers),
    ...section('Not used', plugin.notes),
    '',
  ].join('\n');
}

/** A server as the user has to judge it: the command, where it runs, what it is given, and which variables of theirs it gets. */
function serverLine(name: string, table: Readonly<Record<string, unknown>>): string {
  const { command, args, url, env, cwd, env_vars: variables, bearer_token_env_var: token } = table;
  const words = Array.isArray(args) ? args.map(String) : [];
  const what = typeof command === 'string' ? quoteCommand([command, ...words]) : String(url);
  const given = [
    ...(Array.isArray(variables) ? variables.map(String) : []),
    ...(typeof token === 'string' ? [token] : []),
    ...Object.values(Object(table['env_http_headers'])).map(String),
  ];
  const facts = [
    ...(typeof cwd === 'string' ? [`runs in ${cwd}`] : []),
    ...(given.length === 0 ? [] : [`gets your ${given.join(', ')}`]),
    ...(env === undefined ? [] : [`with ${Object.keys(Object(env)).join(', ')} set`]),
  ];
  return `${name}: ${what}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`.replaceAll(PLUGIN_FOLDER, '<plugin>');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line.replaceAll('\n', '\n    ')}`)];
}

function lastOf(path: PluginFile['path']): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
