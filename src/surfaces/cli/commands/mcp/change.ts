import { join, relative } from 'node:path';
import { KeelError } from '../../../../foundation/protocol/index.ts';
import { maskedText } from '../../../../foundation/secrets/index.ts';
import { isInside, quoteCommand, realPath } from '../../../../foundation/util/index.ts';
import {
  type AcceptedServer,
  acceptServers,
  CredentialFile,
  convertedServer,
  forgetServer,
  loadConfig,
  loadConfigWithOrigins,
  recordTable,
  resolveHome,
} from '../../../../storage/config/index.ts';
import { note } from '../../output.ts';
import { UsageError } from '../../usage.ts';
import type { McpPlace } from './show.ts';
import type { McpValues } from './spec.ts';

type Fields = Readonly<Record<string, unknown>>;

/** `keel mcp add`: writes a server into config.toml. @throws UsageError, KeelError for a name that can't be one */
export async function addServer({ io, values }: McpPlace, name: string, words: readonly string[]): Promise<number> {
  const server = values.url === undefined ? startedServer(values, words) : reachedServer(values, values.url, words);
  if (!/^[a-zA-Z0-9_-]+$/.test(name)) {
    throw new KeelError('invalidInput', `"${name}" can't be the name of a server: use letters, digits, - and _`);
  }
  const converted = convertedServer(server);
  if (converted.type === 'refused') throw new KeelError('invalidInput', `nothing was changed: ${converted.reason}`);
  const { place, project } = await placeOf({ io, values });
  note(io, serverText(name, converted.table));
  await recordTable(place, { path: ['mcp_servers', name], table: converted.table, ...ofProject(project) });
  // Whoever adds a server has seen it.
  if (project !== null) await acceptAs({ io, values }, { name, file: projectFile(place, project) });
  note(io, `MCP server ${name} is in ${place}/config.toml. Try it: keel mcp test ${name}\n`);
  return 0;
}

/** Which file is changed: that in `place`. */
interface ChangedPlace {
  readonly place: string;
  /** The folder of the project whose file it is; null: it is the user's own. */
  readonly project: string | null;
}

/** @throws KeelError for a project that the user does not trust */
async function placeOf({ io, values }: McpPlace): Promise<ChangedPlace> {
  if (values.scope !== 'project') return { place: resolveHome(io.env), project: null };
  const overrides = values.config ?? [];
  const { trustedFolder: folder } = await loadConfig({ env: io.env, cwd: io.cwd, overrides, flags: {} });
  if (folder === null) {
    const advice = 'answer the question that `keel` asks here, or set its trust_level in config.toml';
    throw new KeelError('invalidInput', `you do not trust this project, so its servers would not start: ${advice}`);
  }
  const place = join(folder, '.keel');
  const file = join(place, 'config.toml');
  if (isInside(realPath(file), realPath(folder))) return { place, project: folder };
  throw new KeelError('invalidInput', `${file} leads out of the project: nothing was changed`);
}

function ofProject(project: string | null): { readonly project?: string } {
  return project === null ? {} : { project };
}

/** A project's file as what is accepted names it. */
function projectFile(place: string, project: string): string {
  return relative(project, join(place, 'config.toml'));
}

/** Accepts the server of one file: another one of its name is somebody else's. Says so where it can't be accepted. */
async function acceptAs(
  { io, values }: McpPlace,
  { name, file }: Pick<AcceptedServer, 'name' | 'file'>,
): Promise<void> {
  const overrides = values.config ?? [];
  const { config, projectServers } = await loadConfigWithOrigins({ env: io.env, cwd: io.cwd, overrides, flags: {} });
  const added = projectServers.flatMap(({ full }) => (full.name === name && full.file === file ? [full] : []));
  if (config.trustedFolder !== null) await acceptServers(config.home, config.trustedFolder, added);
  const isRefused = (warning: string) => warning.includes(`mcp_servers.${name} is ignored`);
  if (added.length === 0) note(io, `${config.warnings.filter(isRefused).join('\n')}\n`);
}

/** What a server may do, for the user who decides about it. */
function serverText(name: string, table: Fields): string {
  const { command, args, url, env, env_vars: variables, cwd, sandbox = 'session', network_access: network } = table;
  const words = Array.isArray(args) ? args.map(String) : [];
  const lines = [
    typeof command === 'string'
      ? `runs ${quoteCommand([command, ...words])}`
      : `is reached at ${maskedText(String(url))}`,
    ...(typeof cwd === 'string' ? [`in ${cwd}`] : []),
    ...(env === undefined ? [] : [`with ${Object.keys(Object(env)).join(', ')} set`]),
    ...(Array.isArray(variables) ? [`gets your ${variables.join(', ')}`] : []),
    ...[table['bearer_token_env_var'], ...Object.values(Object(table['env_http_headers']))]
      .filter((variable) => typeof variable === 'string')
      .map((variable) => `is sent your ${variable}`),
    ...(command === undefined ? [] : [RIGHTS[String(sandbox)] ?? `in the sandbox ${String(sandbox)}`]),
    ...(network === true ? ['may use the whole network'] : []),
  ];
  return `${name}:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

const RIGHTS: Readonly<Record<string, string>> = {
  session: "in the sandbox of the agent's commands",
  'danger-full-access': 'outside of every sandbox, with your rights',
};

/** `keel mcp remove`: succeeds also when there is no such server. */
export async function removeServer({ io, values }: McpPlace, name: string): Promise<number> {
  const { place, project } = await placeOf({ io, values });
  const home = resolveHome(io.env);
  const options = { env: io.env, cwd: io.cwd, overrides: values.config ?? [], flags: {} };
  const before = project === null ? [] : (await loadConfig(options)).mcpServers;
  const isChanged = await recordTable(place, { path: ['mcp_servers', name], table: null, ...ofProject(project) });
  if (project !== null) await forgetServer(home, project, { name, file: projectFile(place, project) });
  const { settings } = await loadConfigWithOrigins(options);
  const isLeft = settings.mcp_servers?.[name] !== undefined;
  const signIns = new CredentialFile(home);
  // That of a project's server may be to another one of this name, of the user's own or of another project.
  const isItsOwn = project === null || before.some((server) => server.name === name && signIns.read(server) !== null);
  if (!isLeft && isItsOwn) await signIns.write(name, null, new AbortController().signal);
  const what = isChanged ? `MCP server ${name} is removed` : `There was no MCP server ${name} in ${place}/config.toml`;
  const rest = isLeft ? `; another file still has one: \`keel config\` shows where` : '';
  note(io, `${what}${rest}.\n`);
  return 0;
}

function startedServer(values: McpValues, [command, ...args]: readonly string[]): Fields {
  if (command === undefined) throw new UsageError('which server? end with -- COMMAND, or give --url URL');
  for (const option of ['bearer-token-env-var', 'header'] as const) {
    if (values[option] !== undefined) throw new UsageError(`--${option} is for a server with --url`);
  }
  return {
    command,
    ...(args.length === 0 ? {} : { args }),
    ...(values.env === undefined ? {} : { env: Object.fromEntries(values.env.map(variable)) }),
    ...(values.sandbox === undefined ? {} : { sandbox: values.sandbox }),
    ...(values.network ? { network_access: true } : {}),
  };
}

function reachedServer(values: McpValues, url: string, [word]: readonly string[]): Fields {
  if (word !== undefined) throw new UsageError('a server has either --url or a command');
  for (const option of ['env', 'sandbox', 'network'] as const) {
    if (values[option] !== undefined) throw new UsageError(`--${option} is for a server with a command`);
  }
  if (!/^https?:\/\/./i.test(url) || !URL.canParse(url)) throw new UsageError(`--url: "${url}" is no http(s) address`);
  const { header = [], 'bearer-token-env-var': bearer } = values;
  return {
    url,
    ...(bearer === undefined ? {} : { bearer_token_env_var: bearer }),
    ...(header.length === 0 ? {} : { headers: Object.fromEntries(header.map(headerOf)) }),
  };
}

/** A variable without a value is keel's own. */
function variable(given: string): readonly [name: string, value: string] {
  const at = given.indexOf('=');
  return at === -1 ? [given, `\${${given}}`] : [given.slice(0, at), given.slice(at + 1)];
}

function headerOf(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError(`--header: write "NAME: VALUE", not "${text}"`);
  return [name, value];
}
