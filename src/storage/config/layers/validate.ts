import type * as z from 'zod/mini';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { EXPECTED_VALUE, nearestName } from '../../../foundation/util/index.ts';
import { inertSettings } from './inert-settings.ts';
import { isTable, type Layer, originOf, type Table, valueAt } from './layer.ts';
import { ConfigFile } from './schema.ts';
import { shownSetting } from './secret-settings.ts';
import { keysAt } from './setting-names.ts';

export interface ValidationOptions {
  /** Plugins are, or were, installed: a table may be what the user adds to one's server, `PLUGIN_SERVER`. */
  readonly mayHavePlugins: boolean;
}

export interface Validated {
  readonly settings: ConfigFile;
  /** One line for each setting that nothing reads, with the nearest name that exists, or the reason. */
  readonly unknown: readonly string[];
}

/** Checks the merged settings. @throws KeelError `invalidConfig` that names the place, the key, what it is and should be */
export function validate(merged: Table, layers: readonly Layer[], options: ValidationOptions): Validated {
  const parsed = ConfigFile.safeParse(merged, EXPECTED_VALUE);
  if (!parsed.success) throw wrongValue(parsed.error.issues[0], merged, layers);
  const servers = checkedServers(parsed.data, layers, options);
  const unknown = [...unknownKeys(merged, parsed.data, layers), ...inertSettings(merged, layers), ...servers.unused];
  return { settings: { ...parsed.data, mcp_servers: servers.servers }, unknown };
}

function wrongValue(issue: z.core.$ZodIssue | undefined, merged: Table, layers: readonly Layer[]): KeelError {
  const path = (issue?.path ?? []).map(String);
  const got = JSON.stringify(shownSetting(path, valueAt(merged, path))) ?? 'nothing';
  const expected =
    issue?.code === 'invalid_value'
      ? `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
      : issue?.code === 'invalid_type'
        ? `a value of type ${issue.expected}`
        : (issue?.message ?? 'another value');
  return new KeelError(
    'invalidConfig',
    `${originOf(layers, path)}: ${path.join('.')} should be ${expected}, got ${got}`,
  );
}

/** Keys that are set and not read, found by what the schema left out. */
function unknownKeys(given: Table, known: Table, layers: readonly Layer[], path: readonly string[] = []): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const here = [...path, key];
    const kept = known[key];
    if (!Object.hasOwn(known, key)) {
      const nearest = nearestName(key, keysAt(path) ?? [], Math.max(2, key.length / 4));
      const hint = nearest === null ? '' : `; did you mean ${[...path, nearest].join('.')}?`;
      return [`${originOf(layers, here)}: unknown key ${here.join('.')}${hint}`];
    }
    return isTable(value) && isTable(kept) ? unknownKeys(value, kept, layers, here) : [];
  });
}

const stdioOnly = ['args', 'env', 'env_vars', 'cwd', 'sandbox', 'network_access'] as const;
const httpOnly = ['url', 'bearer_token_env_var', 'http_headers', 'env_http_headers', 'scopes', 'oauth'] as const;

/** What a table says of the server itself. One without is what the user adds to a plugin's server, whether that is there or not. */
const ofServer = ['args', 'env', 'env_vars', 'cwd', ...httpOnly] as const;

function checkedServers(
  { mcp_servers = {} }: ConfigFile,
  layers: readonly Layer[],
  { mayHavePlugins }: ValidationOptions,
) {
  const servers: NonNullable<ConfigFile['mcp_servers']> = {};
  const unused: string[] = [];
  for (const [name, server] of Object.entries(mcp_servers)) {
    const fail = (what: string) => {
      throw new KeelError('invalidConfig', `${originOf(layers, ['mcp_servers', name])}: MCP server ${name}: ${what}`);
    };
    if (layers.some(({ table }) => valueAt(table, ['mcp_servers', name, 'bearer_token']) !== undefined)) {
      fail('bearer_token is not supported: name a variable in bearer_token_env_var');
    }
    if (server.command === undefined && server.url === undefined) {
      const isAddition = mayHavePlugins && name.includes('_') && ofServer.every((key) => server[key] === undefined);
      if (!isAddition) fail('invalid transport: set command or url');
      const origin = originOf(layers, ['mcp_servers', name]);
      unused.push(`${origin}: mcp_servers.${name} has neither command nor url, and no plugin in use has such a server`);
      continue;
    }
    const misplaced = server.command !== undefined ? httpOnly : stdioOnly;
    const field = misplaced.find((key) => server[key] !== undefined);
    const transport = server.command !== undefined ? 'a server started by command' : 'a server reached by url';
    if (field) fail(`${field} is not supported for ${transport}`);
    servers[name] = server;
  }
  return { servers, unused };
}
