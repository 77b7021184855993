import * as z from 'zod/mini';
import { readJson } from '../../foundation/util/index.ts';
import type { McpOutcome, ResourceKind, ResourcePage } from '../../models/mcp/index.ts';
import {
  argumentsText,
  boundedText,
  described,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolCall,
  type ToolContext,
  type ToolHandler,
  type ToolOutput,
  textSchema,
} from '../contract/index.ts';
import { McpCallItem } from './mcp-item.ts';
import { failedRequest } from './mcp-tool.ts';

/** Shown to people in place of a server where a call is for all servers. */
const ALL_SERVERS = 'keel';

type Entries = ResourcePage['entries'];

/** The connection to the servers. */
export interface ResourceReader {
  listPage(
    kind: ResourceKind,
    server: string,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<McpOutcome<ResourcePage>>;
  listEverywhere(kind: ResourceKind, signal: AbortSignal): Promise<readonly (readonly [string, Entries])[]>;
  readResource(server: string, uri: string, signal: AbortSignal): Promise<McpOutcome<Record<string, unknown>>>;
}

/** The tools that list and read the servers' resources. */
export function resourceTools(reader: ResourceReader): Tool[] {
  return [
    listTool('list_mcp_resources', 'resources', 'List what MCP servers offer to be read.', reader),
    listTool(
      'list_mcp_resource_templates',
      'resourceTemplates',
      'List the URI templates by which MCP servers offer things to be read.',
      reader,
    ),
    readTool(reader),
  ];
}

const listArguments = z.object({ server: z.optional(z.string()), cursor: z.optional(z.string()) });
const readArguments = z.object({ server: z.string(), uri: z.string() });

function listTool(name: string, kind: ResourceKind, description: string, reader: ResourceReader): Tool {
  const spec = functionSpec({
    name,
    description,
    required: [],
    properties: {
      server: described(textSchema, 'Only this server; default: all.'),
      cursor: described(textSchema, 'The nextCursor of the page before; needs server.'),
    },
  });
  const run: ToolHandler['run'] = async (call, context, signal) => {
    const parsed = parseArguments(argumentsText(call), listArguments);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const [server, cursor] = [present(parsed.value.server), present(parsed.value.cursor)];
    if (server === null && cursor !== null) return failedOutput('cursor can only be used when a server is specified');
    return shown({ call, context, server }, () => list({ reader, kind, server, cursor }, signal));
  };
  return { name, spec, handler: { payloads: ['function'], parallel: true, repeat: 'safe', run } };
}

function readTool(reader: ResourceReader): Tool {
  const name = 'read_mcp_resource';
  const spec = functionSpec({
    name,
    description: 'Read something that an MCP server offers.',
    required: ['server', 'uri'],
    properties: { server: textSchema, uri: textSchema },
  });
  const run: ToolHandler['run'] = async (call, context, signal) => {
    const parsed = parseArguments(argumentsText(call), readArguments);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const [server, uri] = [present(parsed.value.server), present(parsed.value.uri)];
    if (server === null) return failedOutput('server must be provided');
    if (uri === null) return failedOutput('uri must be provided');
    return shown({ call, context, server }, async () => {
      const read = await reader.readResource(server, uri, signal);
      return read.type === 'failed' ? read : { type: 'answered', value: { server, uri, ...read.value } };
    });
  };
  return { name, spec, handler: { payloads: ['function'], parallel: true, repeat: 'safe', run } };
}

interface Listing {
  readonly reader: ResourceReader;
  readonly kind: ResourceKind;
  readonly server: string | null;
  readonly cursor: string | null;
}

/** One page of one server, or everything of all. */
async function list({ reader, kind, server, cursor }: Listing, signal: AbortSignal): Promise<McpOutcome<object>> {
  if (server === null) {
    const lists = await reader.listEverywhere(kind, signal);
    return { type: 'answered', value: { [kind]: lists.flatMap(([name, entries]) => withServer(name, entries)) } };
  }
  const page = await reader.listPage(kind, server, cursor, signal);
  if (page.type === 'failed') return page;
  const { entries, nextCursor } = page.value;
  const next = nextCursor === null ? {} : { nextCursor };
  return { type: 'answered', value: { server, [kind]: withServer(server, entries), ...next } };
}

function withServer(server: string, entries: Entries): object[] {
  return entries.map((entry) => ({ server, ...entry }));
}

interface Showing {
  readonly call: ToolCall;
  readonly context: ToolContext;
  readonly server: string | null;
}

/** Reports the call to people, and writes its result for the model. */
async function shown({ call, context, server }: Showing, work: () => Promise<McpOutcome<object>>): Promise<ToolOutput> {
  const { callId, name } = call;
  const given: unknown = readJson(argumentsText(call).trim() || '{}');
  const item = new McpCallItem({ id: callId, server: server ?? ALL_SERVERS, tool: name, arguments: given }, context);
  const outcome = await work();
  if (outcome.type === 'failed') {
    item.failed('failed', outcome.message);
    return failedRequest(outcome);
  }
  const json = JSON.stringify(outcome.value);
  item.answered({ content: [{ type: 'text', text: json }] });
  return { body: boundedText(json, callId, context), success: true };
}

/** Blank counts as absent. */
function present(value: string | undefined): string | null {
  const trimmed = value?.trim();
  return trimmed ? trimmed : null;
}
