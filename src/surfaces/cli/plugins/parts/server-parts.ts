import { posix } from 'node:path';
import * as z from 'zod/mini';
import { convertedServer } from '../../../../storage/config/index.ts';
import { PLUGIN_FOLDER, type PluginContents, PluginFault } from '../../../../storage/plugins/index.ts';
import { jsonIn, type PartSource } from './part-source.ts';

const USUAL_FILE = '.mcp.json';
const NAME = /^[A-Za-z0-9_-]{1,40}$/;
/** What other programs replace by the plugin's folder. */
const FOLDER_VARIABLE = /\$\{(?:KEEL_PLUGIN_ROOT|CLAUDE_PLUGIN_ROOT|CODEX_PLUGIN_ROOT|PLUGIN_ROOT)\}/g;

const texts = z.record(z.string(), z.string());
const names = z.array(z.string());
const seconds = z.number().check(z.positive());
/** What a plugin says of a server. Rights and approvals are not among it: the user gives those, in a table of the same name. */
const Server = z.object({
  type: z.optional(z.string()),
  command: z.optional(z.string()),
  args: z.optional(names),
  env: z.optional(texts),
  cwd: z.optional(z.string()),
  url: z.optional(z.string()),
  headers: z.optional(texts),
  startup_timeout_sec: z.optional(seconds),
  tool_timeout_sec: z.optional(seconds),
  enabled_tools: z.optional(names),
  disabled_tools: z.optional(names),
});
type Server = z.infer<typeof Server>;
const KNOWN: ReadonlySet<string> = new Set(Object.keys(Server.shape));

/** A plugin's MCP servers in the form of keel's settings, by their own names. @throws PluginFault for a malformed file */
export function serverParts({ files, manifest: { mcpServers }, note }: PartSource): PluginContents['servers'] {
  const named = typeof mcpServers === 'string' ? mcpServers.replace(/^(?:\.\/)+/, '') : USUAL_FILE;
  const entries = [
    ...(files.has(USUAL_FILE) ? serversIn(jsonIn(files, USUAL_FILE), USUAL_FILE) : []),
    ...(typeof mcpServers === 'string' && named !== USUAL_FILE ? serversIn(jsonIn(files, named), named) : []),
    ...(typeof mcpServers === 'object' ? serversIn(mcpServers, 'its manifest') : []),
  ];
  const servers: PluginContents['servers'] = {};
  for (const [name, entry] of entries) {
    const unused = (why: string) => note(`the server ${name} is not used: ${why}`);
    const { data: server } = Server.safeParse(entry);
    const ignored = Object.keys(Object(entry)).filter((key) => !KNOWN.has(key));
    if (ignored.length > 0) note(`${ignored.join(', ')} of the server ${name} is ignored`);
    if (!NAME.test(name)) unused('its name has other characters than letters, digits, - and _, or is too long');
    else if (server === undefined) unused('it has the wrong form');
    else if ((server.command === undefined) === (server.url === undefined)) unused('it needs either command or url');
    else if (misplacedField(server) !== null) unused(`${misplacedField(server)} is for another kind of server`);
    else {
      const placed = placedServer(server);
      const converted = typeof placed === 'string' ? null : convertedServer(placed);
      if (converted === null) unused(String(placed));
      else if (converted.type === 'refused') unused(converted.reason);
      else servers[name] = { ...converted.table };
    }
  }
  return servers;
}

/** A field that a server with a command, or with an address, does not have. */
function misplacedField({ url, args, cwd, headers }: Server): string | null {
  const misplaced = url === undefined ? { headers } : { args, cwd };
  return Object.entries(misplaced).find(([, value]) => value !== undefined)?.[0] ?? null;
}

/** Both forms in use: `{"mcpServers": {NAME: ...}}`, and the servers by themselves. */
function serversIn(value: unknown, place: string): [string, unknown][] {
  const root = z.safeParse(z.record(z.string(), z.unknown()), value).data;
  const servers = root === undefined ? undefined : (root['mcpServers'] ?? root);
  if (typeof servers !== 'object' || servers === null) throw new PluginFault(`${place} has no table of servers`);
  return Object.entries(servers);
}

/** The server with paths that start in the plugin's folder, or why it can't be. */
function placedServer(server: Server): Server | string {
  const { command, args, env, cwd } = server;
  const isRelative = (path: string) => path.includes('/') && !/^(?:\/|\$\{|~)/.test(path);
  const program = command === undefined || !isRelative(command) ? command : posix.join(PLUGIN_FOLDER, command);
  const folder = cwd === undefined || /^(?:\/|\$\{|~)/.test(cwd) ? cwd : posix.join(PLUGIN_FOLDER, cwd);
  const outside = [program, folder].find(
    (path) => path !== undefined && path !== command && path !== cwd && !path.startsWith(PLUGIN_FOLDER),
  );
  if (outside !== undefined) return 'a path of it leads out of the plugin';
  return {
    ...server,
    ...(program === undefined ? {} : { command: filled(program) }),
    ...(args === undefined ? {} : { args: args.map(filled) }),
    ...(env === undefined
      ? {}
      : { env: Object.fromEntries(Object.entries(env).map(([key, text]) => [key, filled(text)])) }),
    ...(folder === undefined ? {} : { cwd: filled(folder) }),
  };
}

function filled(text: string): string {
  return text.replaceAll(FOLDER_VARIABLE, PLUGIN_FOLDER);
}
