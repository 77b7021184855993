import type { Environment, McpServer } from '../../storage/config/index.ts';
import type { ServerLauncher, ServerProcess } from './launcher.ts';
import type { ClientTarget, McpClient, RequestFault, RequestLimits } from './open-client.ts';
import { serverEnvironment, serverHeaders } from './server-environment.ts';
import { watchErrors } from './server-log.ts';
import { startAdvice, withAdvice } from './start-advice.ts';
import { isServerName } from './tool-names.ts';
import type { ServerOffer } from './types.ts';

/** Of what a server printed last, characters. */
const MAX_LAST_WORDS = 300;

export interface OpenServerOptions {
  readonly server: McpServer;
  readonly env: Environment;
  readonly launcher: ServerLauncher;
  /** keel's. */
  readonly version: string;
  /** Takes what the server prints as errors, and what it does against the protocol. */
  readonly log: (message: string) => void;
  readonly onToolsChanged: () => void;
}

export interface OpenServer {
  readonly client: McpClient;
  readonly offer: ServerOffer;
}

/** Starts or reaches a server and asks what it offers. @throws Error with a reason for the user; nothing is left running */
export async function openServer(options: OpenServerOptions, signal: AbortSignal): Promise<OpenServer> {
  const { server, launcher, env, log } = options;
  const { transport, name } = server;
  if (!isServerName(name)) throw new Error('its name may have letters, digits, - and _ only');
  if (transport.type === 'streamableHttp') {
    if (!/^https?:\/\//i.test(transport.url)) throw new Error('its url must start with http:// or https://');
    const target = { type: 'http', server: transport, headers: serverHeaders(transport, env) } as const;
    return open(options, target, signal).catch(async (error: unknown) => {
      throw startError(server, await faultOf(error));
    });
  }
  const process = await launcher.launch({ name, server: transport, env: serverEnvironment(transport, env) }, signal);
  let lastWords = '';
  watchErrors(process.errors, (line) => {
    lastWords = line.slice(0, MAX_LAST_WORDS);
    log(line);
  });
  try {
    return await open(options, { type: 'process', process }, signal);
  } catch (error) {
    await process.end();
    const fault = await faultOf(error);
    const end = await endInWords(process, lastWords);
    throw startError(server, fault, { end, hasNetwork: launcher.hasNetwork(transport) });
  }
}

/** What a server offers now. */
export async function offerOf(client: McpClient, limits: RequestLimits): Promise<ServerOffer> {
  const { hasResources, instructions } = client;
  return { ...(await client.listTools(limits)), hasResources, instructions };
}

/** The library that classifies failures is loaded only if a server was used at all. */
export async function faultOf(error: unknown): Promise<RequestFault> {
  const { requestFault } = await import('./open-client.ts');
  return requestFault(error);
}

async function open(
  { server, version, log: onFault, onToolsChanged }: OpenServerOptions,
  target: ClientTarget,
  signal: AbortSignal,
): Promise<OpenServer> {
  const { McpClient: client } = await import('./open-client.ts');
  const limits = { timeoutMs: server.startupTimeoutMs, signal };
  const opened = await client.open({ target, version, onFault, onToolsChanged, ...limits });
  try {
    return { client: opened, offer: await offerOf(opened, limits) };
  } catch (error) {
    // What went wrong before is what counts.
    await opened.close().catch(() => undefined);
    throw error;
  }
}

async function endInWords(process: ServerProcess, lastWords: string): Promise<string> {
  const how = await process.ended;
  return lastWords === '' ? how : `${how}: ${lastWords}`;
}

/** A server did not answer in its time. */
export class ServerSilent extends Error {}

/** How the process of a server ended, and what it was allowed. */
interface Ended {
  readonly end: string;
  readonly hasNetwork: boolean;
}

function startError(server: McpServer, fault: RequestFault, ended: Ended | null = null): Error {
  const hasTimedOut = fault.type === 'timedOut';
  const advice = ended === null ? '' : startAdvice(server, ended.hasNetwork, hasTimedOut);
  if (hasTimedOut)
    return new ServerSilent(
      withAdvice(`it did not answer within ${server.startupTimeoutMs / 1_000} s (startup_timeout_sec)`, advice),
    );
  if (fault.type === 'expired') return new Error('there is no MCP server at its url (HTTP 404)');
  return new Error(fault.type === 'lost' && ended !== null ? withAdvice(ended.end, advice) : fault.reason);
}
