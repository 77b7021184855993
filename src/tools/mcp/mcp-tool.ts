import { byteLength, cutBytesEnd, readJson } from '../../foundation/util/index.ts';
import type { CallResult, McpFailure, McpOutcome, McpTool } from '../../models/mcp/index.ts';
import type { FunctionToolSpec } from '../../models/prompt/index.ts';
import type { McpApprovalMode } from '../../storage/config/index.ts';
import {
  failedOutput,
  jsonFault,
  type Tool,
  type ToolCall,
  type ToolContext,
  type ToolHandler,
  type ToolOutput,
} from '../contract/index.ts';
import { resultOutput } from './call-result.ts';
import { functionParameters } from './input-schema.ts';
import { McpCallItem } from './mcp-item.ts';
import { withServerNames } from './property-names.ts';

/** Limit for the description of a tool, UTF-8 bytes. */
const MAX_DESCRIPTION_BYTES = 1_024;

type Arguments = Readonly<Record<string, unknown>>;

/** The connection to the servers. */
export interface McpCaller {
  /** `onProgress`: gets how far the server says that it is. */
  callTool(
    tool: McpTool,
    args: Arguments | null,
    signal: AbortSignal,
    onProgress: (text: string) => void,
  ): Promise<McpOutcome<CallResult>>;
}

export interface McpToolOptions {
  readonly caller: McpCaller;
  /** Whether the user lets it be called without being asked. */
  readonly approval: McpApprovalMode;
}

/** A server's tool as it is offered; null if its input schema can't be converted. */
export function mcpTool(tool: McpTool, options: McpToolOptions): Tool | null {
  const parameters = functionParameters(tool.inputSchema);
  if (parameters === null) return null;
  const { qualifiedName: name, description = '' } = tool;
  const spec: FunctionToolSpec = {
    type: 'function',
    name,
    description: shortened(description),
    strict: false,
    parameters,
  };
  return { name, spec, handler: mcpToolHandler(tool, options) };
}

function shortened(given: string): string {
  const text = given.toWellFormed();
  return byteLength(text) <= MAX_DESCRIPTION_BYTES ? text : `${cutBytesEnd(text, MAX_DESCRIPTION_BYTES - 3)}…`;
}

function mcpToolHandler(tool: McpTool, { caller, approval }: McpToolOptions): ToolHandler {
  const { readOnlyHint = false, idempotentHint = false } = tool.annotations ?? {};
  return {
    payloads: ['function'],
    parallel: readOnlyHint,
    repeat: readOnlyHint || idempotentHint ? 'safe' : 'asks',
    onlyReads: () => readOnlyHint,
    async run(call, context, signal) {
      const parsed = readArguments(call);
      if (parsed.type === 'failed') return failedOutput(`err: ${parsed.message}`, 'notRun');
      const args = withServerNames(parsed.args, tool.inputSchema);
      const { server, name } = tool;
      const item = new McpCallItem({ id: call.callId, server, tool: name, arguments: args ?? {} }, context);
      const outcome = await context.orchestrator.runMcpCall(
        {
          callId: call.callId,
          server,
          tool: name,
          arguments: args ?? {},
          annotations: tool.annotations ?? {},
          approval,
          run: () => caller.callTool(tool, args, signal, (text) => item.progressed(text)),
        },
        context,
        signal,
      );
      if (outcome.type === 'refused') {
        item.failed('declined', outcome.message);
        return failedOutput(outcome.message, 'notRun');
      }
      return report(outcome.value, { item, callId: call.callId, context });
    },
  };
}

interface Reporting {
  readonly item: McpCallItem;
  readonly callId: string;
  readonly context: ToolContext;
}

async function report(outcome: McpOutcome<CallResult>, { item, callId, context }: Reporting): Promise<ToolOutput> {
  if (outcome.type === 'failed') {
    item.failed('failed', outcome.message);
    return failedRequest(outcome);
  }
  item.answered(outcome.value);
  return resultOutput(outcome.value, callId, context);
}

/** The answer to a call that its server did not answer. */
export function failedRequest({ cause, message }: McpFailure): ToolOutput {
  return failedOutput(cause === 'aborted' ? message : `err: ${message}`, cause === 'unavailable' ? 'notRun' : 'failed');
}

type ReadArguments =
  | { readonly type: 'read'; readonly args: Arguments | null }
  | { readonly type: 'failed'; readonly message: string };

/** The arguments of a call, an object. Null: there are none. */
export function readArguments({ payload }: ToolCall): ReadArguments {
  const text = payload.type === 'function' ? payload.arguments : '';
  if (text.trim() === '') return { type: 'read', args: null };
  try {
    const value: unknown = readJson(text);
    return isFields(value)
      ? { type: 'read', args: value }
      : { type: 'failed', message: 'the arguments are not an object' };
  } catch (error) {
    return { type: 'failed', message: jsonFault(text, error) };
  }
}

function isFields(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
