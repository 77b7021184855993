import { readRegularFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { decodeText, readJson, reasonOf } from '../../../foundation/util/index.ts';
import { MAX_SETTINGS_BYTES } from './home-file.ts';
import { isTable, type Layer, type Table } from './layer.ts';
import { convertedServer } from './mcp-json.ts';

/**
 * Files that the command line names for their MCP servers: JSON with `mcpServers`, as other agents keep them, or TOML with
 * `[mcp_servers.NAME]`.
 * @throws KeelError `invalidInput` that names the file and the server
 */
export async function mcpFileLayers(paths: readonly string[]): Promise<Layer[]> {
  return await Promise.all(paths.map(mcpFileLayer));
}

async function mcpFileLayer(path: string): Promise<Layer> {
  const table = await parsed(path);
  const toml = table['mcp_servers'];
  if (isTable(toml)) return { name: path, table: { mcp_servers: toml }, text: null };
  const json = table['mcpServers'];
  if (!isTable(json)) throw fault(path, 'there is no "mcpServers" (JSON) or [mcp_servers.NAME] (TOML) in it');
  const servers = Object.entries(json).map(([name, entry]) => {
    const converted = convertedServer(entry);
    if (converted.type === 'refused') throw fault(path, `the server ${name} can't be used: ${converted.reason}`);
    return [name, converted.table] as const;
  });
  return { name: path, table: { mcp_servers: Object.fromEntries(servers) }, text: null };
}

async function parsed(path: string): Promise<Table> {
  try {
    const text = decodeText(readRegularFile(path, { maxBytes: MAX_SETTINGS_BYTES }));
    if (!path.endsWith('.toml')) {
      const value = readJson(text);
      return isTable(value) ? value : {};
    }
    const { parse } = await import('smol-toml');
    return parse(text);
  } catch (cause) {
    throw fault(path, reasonOf(cause).split('\n')[0] ?? '', cause);
  }
}

function fault(path: string, what: string, cause?: unknown): KeelError {
  return new KeelError('invalidInput', `the file of MCP servers ${path} can't be used: ${what}`, { cause });
}
