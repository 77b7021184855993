import { createHash } from 'node:crypto';
import { relative, resolve } from 'node:path';
import * as z from 'zod/mini';
import { FileFault, readRegularFile } from '../../../foundation/files/index.ts';
import { decodeText, isInside } from '../../../foundation/util/index.ts';
import { isTable, type Layer, originOf, type Table, valueAt } from './layer.ts';
import { acceptedOf, type ProjectTrustFile, recordAcceptedOf } from './project-trust.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Longer files are known by their digest alone, characters. */
const MAX_KEPT_CHARS = 64 * 1024;

const AcceptedServer = z.object({ name: z.string(), digest: z.string(), text: z.string() });
/** What a user accepted of a project's MCP server, with the text that they saw. */
export type AcceptedServer = z.infer<typeof AcceptedServer>;

const FILE: ProjectTrustFile<AcceptedServer> = {
  name: 'mcp-trust.json',
  entry: AcceptedServer,
  what: 'the MCP servers of your projects',
};

/** An MCP server of a project's configuration. */
export interface ProjectServer {
  readonly full: AcceptedServer;
  /** `before`: what the user accepted under this name; null: nothing. */
  readonly standing: { readonly type: 'accepted' } | { readonly type: 'waits'; readonly before: AcceptedServer | null };
}

export interface ProjectServers {
  /** The project's table of servers, of those that the user has accepted as they are. */
  readonly accepted: Table;
  /** The layer without any of its servers. */
  readonly rest: Layer;
  readonly servers: readonly ProjectServer[];
  /** Why others do not count, a line each. */
  readonly warnings: readonly string[];
}

export interface ProjectPlace {
  readonly home: string;
  /** The folder that the user trusts. */
  readonly folder: string;
  /** Where the servers of this file are at home: what is above its `.keel`. */
  readonly dir: string;
}

/** Takes the servers out of a project's layer: each counts once the user has accepted it with the content of the files that it names. */
export async function projectServers(layer: Layer, own: Table, place: ProjectPlace): Promise<ProjectServers> {
  const { home, folder } = place;
  const tables = layer.table['mcp_servers'];
  const all = Object.entries(isTable(tables) ? tables : {});
  const defined = all.flatMap(([name, table]) => (isDefinition(table) ? [[name, table] as const] : []));
  if (defined.length === 0) return { accepted: {}, rest: layer, servers: [], warnings: [] };
  const before = acceptedOf(home, FILE, folder);
  const accepted: Record<string, Table> = {};
  const servers: ProjectServer[] = [];
  const warnings: string[] = [];
  for (const [name, table] of defined) {
    const at = `${originOf([layer], ['mcp_servers', name])}: mcp_servers.${name} is ignored`;
    if (isDefinition(valueAt(own, ['mcp_servers', name]))) {
      warnings.push(`${at}: your own settings have a server of this name`);
      continue;
    }
    const full = await serverInFull(name, table, place);
    const earlier = before.find((one) => one.name === name) ?? null;
    const isAccepted = earlier?.digest === full.digest;
    servers.push({ full, standing: isAccepted ? { type: 'accepted' } : { type: 'waits', before: earlier } });
    if (isAccepted) accepted[name] = atHome(table, place);
    else
      warnings.push(`${at} until you accept it (${earlier === null ? 'new' : 'changed'}): \`keel mcp trust ${name}\``);
  }
  const others = Object.fromEntries(all.filter(([, table]) => !isDefinition(table)));
  const { mcp_servers: _, ...settings } = layer.table;
  const rest = Object.keys(others).length === 0 ? settings : { ...settings, mcp_servers: others };
  return { accepted, rest: { ...layer, table: rest }, servers, warnings };
}

/** Accepts servers of a project as they are. @throws KeelError `storageFailed`, `invalidConfig` */
export function recordServers(home: string, folder: string, accepted: readonly AcceptedServer[]): void {
  const names = new Set(accepted.map(({ name }) => name));
  const kept = acceptedOf(home, FILE, folder).filter(({ name }) => !names.has(name));
  recordAcceptedOf(home, FILE, folder, [...kept, ...accepted]);
}

/** A server in the form that is accepted: all of its table, and the content of the project's files that its command names. */
async function serverInFull(name: string, table: Table, { folder, dir }: ProjectPlace): Promise<AcceptedServer> {
  const { stringify } = await import('smol-toml');
  const own = `from ${relative(folder, dir) || '.'}/.keel/config.toml\n${stringify({ mcp_servers: { [name]: table } }).trim()}`;
  const files = namedFiles(table, { folder, dir });
  const digest = digestOf(JSON.stringify([own, ...files.map((file) => file.digest)]));
  return { name, digest, text: [own, ...files.map(({ text }) => text)].join('\n') };
}

/** What a server is started with stays in the project, wherever in it the session works. */
function atHome(table: Table, { dir }: ProjectPlace): Table {
  return table['command'] === undefined ? table : { ...table, cwd: resolve(dir, String(table['cwd'] ?? '')) };
}

function namedFiles(table: Table, { folder, dir }: Pick<ProjectPlace, 'folder' | 'dir'>) {
  const { command, args, cwd } = table;
  const words = [command, ...(Array.isArray(args) ? args : [])].filter((word) => typeof word === 'string');
  const from = resolve(dir, typeof cwd === 'string' ? cwd : '');
  const paths = new Set(words.map((word) => resolve(from, word)).filter((path) => isInside(path, folder)));
  return [...paths].flatMap((path) => {
    const content = contentOf(path);
    if (content === null) return [];
    const text = decodeText(content);
    const shown = text.length > MAX_KEPT_CHARS ? `(${content.length} bytes)` : text.trimEnd();
    return [{ digest: digestOf(content.toString('latin1')), text: `--- ${relative(folder, path)}\n${shown}` }];
  });
}

/** Null: no file of this name, such as the name of a folder or another argument. */
function contentOf(path: string): Buffer | null {
  try {
    return readRegularFile(path, { maxBytes: MAX_FILE_BYTES });
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && typeof error.code === 'string';
    if (isMissing || error instanceof FileFault) return null;
    throw error;
  }
}

function isDefinition(table: unknown): table is Table {
  return isTable(table) && (table['command'] !== undefined || table['url'] !== undefined);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
