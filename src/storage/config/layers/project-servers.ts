import { FileFault } from '../../../foundation/files/index.ts';
import {
  type AcceptedServer,
  acceptedServers,
  directoryOf,
  isSame,
  isSamePlace,
  lineOf,
  type ProjectPlace,
  type ServerDefinition,
  serverInFull,
} from './accepted-server.ts';
import { isTable, type Layer, merge, originOf, type Table, valueAt } from './layer.ts';

/** An MCP server of a project's configuration. */
export interface ProjectServer {
  readonly full: AcceptedServer;
  /** What it starts, or its address; secrets are masked. */
  readonly line: string;
  /** `before`: what the user accepted under this name in this file; null: nothing. */
  readonly standing: { readonly type: 'accepted' } | { readonly type: 'waits'; readonly before: AcceptedServer | null };
}

export interface ProjectServers {
  /** Servers that the user has accepted as they are. */
  readonly accepted: readonly ServerDefinition[];
  /** The layer without any of its servers. */
  readonly rest: Layer;
  readonly servers: readonly ProjectServer[];
  /** Why others do not count, a line each. */
  readonly warnings: readonly string[];
}

/** Takes the servers out of a project's layer: each counts once the user has accepted it with the content of the files that it names. */
export async function projectServers(layer: Layer, own: Table, place: ProjectPlace): Promise<ProjectServers> {
  const tables = layer.table['mcp_servers'];
  const all = Object.entries(isTable(tables) ? tables : {});
  const defined = all.flatMap(([name, table]) => (isDefinition(table) ? [{ name, table, place }] : []));
  if (defined.length === 0) return { accepted: [], rest: layer, servers: [], warnings: [] };
  const before = acceptedServers(place.home, place.folder);
  const accepted: ServerDefinition[] = [];
  const servers: ProjectServer[] = [];
  const warnings: string[] = [];
  for (const server of defined) {
    const { name } = server;
    const at = `${originOf([layer], ['mcp_servers', name])}: mcp_servers.${name} is ignored`;
    if (isDefinition(valueAt(own, ['mcp_servers', name]))) {
      warnings.push(`${at}: your own settings have a server of this name`);
      continue;
    }
    const full = await serverInFull(server);
    if (full instanceof FileFault) {
      warnings.push(`${at}: ${full.message}`);
      continue;
    }
    const earlier = before.find((one) => isSamePlace(one, full)) ?? null;
    const isAccepted = before.some((one) => isSame(one, full));
    const standing = isAccepted ? ({ type: 'accepted' } as const) : ({ type: 'waits', before: earlier } as const);
    servers.push({ full, line: lineOf(server.table), standing });
    if (isAccepted) accepted.push(server);
    else
      warnings.push(`${at} until you accept it (${earlier === null ? 'new' : 'changed'}): \`keel mcp trust ${name}\``);
  }
  const others = Object.fromEntries(all.filter(([, table]) => !isDefinition(table)));
  const { mcp_servers: _, ...settings } = layer.table;
  const rest = Object.keys(others).length === 0 ? settings : { ...settings, mcp_servers: others };
  return { accepted, rest: { ...layer, table: rest }, servers, warnings };
}

/** A layer of a project, with the servers that it may add. */
export interface ProjectPart {
  readonly layer: Layer;
  readonly accepted: readonly ServerDefinition[];
}

/** The layers of a project with their servers. */
export interface LayersWithServers {
  readonly layers: readonly Layer[];
  /** Servers that the layers define. */
  readonly definitions: readonly ServerDefinition[];
  readonly warnings: readonly string[];
}

/**
 * Puts the servers into their layers. One that a layer above defines as well is that layer's alone: no key of another one's, such as an
 * argument or a right, gets into it.
 * @param parts the project's layers, lowest first @param above those above all of these
 */
export function layersWithServers(parts: readonly ProjectPart[], above: readonly Layer[]): LayersWithServers {
  const definitions: ServerDefinition[] = [];
  const warnings: string[] = [];
  const layers = parts.map(({ layer, accepted }, at) => {
    const nearer = parts.slice(at + 1);
    const used = accepted.filter(({ name }) => {
      const definer =
        nearer.find((part) => part.accepted.some((other) => other.name === name))?.layer ??
        above.find(({ table }) => isDefinition(valueAt(table, ['mcp_servers', name])));
      if (definer !== undefined)
        warnings.push(`${layer.name}: mcp_servers.${name} is ignored: ${definer.name} has a server of this name`);
      return definer === undefined;
    });
    definitions.push(...used);
    if (used.length === 0) return layer;
    const servers = Object.fromEntries(used.map((server) => [server.name, atHome(server)]));
    return { ...layer, table: merge(layer.table, { mcp_servers: servers }) };
  });
  return { layers, definitions, warnings };
}

/** What a server is started with stays in the project, wherever in it the session works. */
function atHome({ table, place }: ServerDefinition): Table {
  return table['command'] === undefined ? table : { ...table, cwd: directoryOf(table, place) };
}

function isDefinition(table: unknown): table is Table {
  return isTable(table) && (table['command'] !== undefined || table['url'] !== undefined);
}
