import type { CredentialFile, Environment, McpHttpServer, McpServer } from '../../storage/config/index.ts';
import type { ServerLauncher, ServerProcess } from './launcher.ts';
import type { ServerAuth } from './oauth/server-auth.ts';
import type { SignInOptions } from './oauth/sign-in.ts';
import type { ClientTarget, McpClient, OpenClientOptions, RequestFault, RequestLimits } from './open-client.ts';
import { hasCredentials, serverEnvironment, serverHeaders } from './server-environment.ts';
import { watchErrors } from './server-log.ts';
import { signInAdvice, startAdvice, withAdvice } from './start-advice.ts';
import { isServerName } from './tool-names.ts';
import type { AskServerQuestion, ServerOffer } from './types.ts';

/** Limit for what a server printed last, characters. */
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
  readonly ask: AskServerQuestion;
  /** The user's sign-ins. */
  readonly credentials: CredentialFile;
  /** keel's. */
  readonly home: string;
  /** Aborts when the connection is given up, after it was opened too. */
  readonly closing: AbortSignal;
}

export interface OpenServer {
  readonly client: McpClient;
  /** Null for a server that has no sign-in. */
  readonly auth: ServerAuth | null;
  readonly offer: ServerOffer;
}

/** Starts or reaches a server and asks what it offers. @throws Error with a reason for the user; nothing is left running */
export async function openServer(options: OpenServerOptions, signal: AbortSignal): Promise<OpenServer> {
  const { server, launcher, env, log } = options;
  const { transport, name } = server;
  if (!isServerName(name)) throw new Error('its name may have letters, digits, - and _ only');
  if (transport.type === 'streamableHttp') {
    if (!/^https?:\/\//i.test(transport.url)) throw new Error('its url must start with http:// or https://');
    return openReached(options, transport, signal);
  }
  const process = await launcher.launch({ name, server: transport, env: serverEnvironment(transport, env) }, signal);
  let lastWords = '';
  watchErrors(process.errors, (line) => {
    lastWords = line.slice(0, MAX_LAST_WORDS);
    log(line);
  });
  try {
    return { ...(await open(options, { type: 'process', process }, signal)), auth: null };
  } catch (error) {
    await process.end();
    const fault = await faultOf(error);
    const end = await endInWords(process, lastWords);
    throw startError(server, fault, { end, hasNetwork: launcher.hasNetwork(transport) });
  }
}

async function openReached(
  options: OpenServerOptions,
  transport: McpHttpServer,
  signal: AbortSignal,
): Promise<OpenServer> {
  const { server, credentials: file, home, closing } = options;
  const headers = serverHeaders(transport, options.env);
  const { ServerAuth: auth } = await import('./oauth/server-auth.ts');
  const provider = hasCredentials(headers) ? null : new auth({ server, file, home, signal: closing });
  try {
    const opened = await open(options, { type: 'http', server: transport, headers, auth: provider }, signal);
    return { ...opened, auth: provider };
  } catch (error) {
    const fault = await faultOf(error);
    if (fault.type === 'signIn' && fault.scope !== null) await provider?.want(fault.scope);
    throw startError(server, fault);
  }
}

/** What a server offers now. */
export async function offerOf(client: McpClient, limits: RequestLimits): Promise<ServerOffer> {
  const { hasResources, instructions } = client;
  const listed = await client.listTools(limits);
  return { ...listed, prompts: await client.listPrompts(limits), hasResources, instructions };
}

/** The library that classifies failures is loaded only if a server was used at all. */
export async function faultOf(error: unknown): Promise<RequestFault> {
  const { requestFault } = await import('./open-client.ts');
  return requestFault(error);
}

/** Signs the user in to a server over HTTP. @throws Error with a reason for the user */
export async function signInTo(options: SignInOptions): Promise<void> {
  const { signIn } = await import('./oauth/sign-in.ts');
  await signIn(options);
}

async function open(
  { server, version, log: onFault, onToolsChanged, ask }: OpenServerOptions,
  target: ClientTarget,
  signal: AbortSignal,
): Promise<Omit<OpenServer, 'auth'>> {
  const { McpClient: client } = await import('./open-client.ts');
  const limits = { timeoutMs: server.startupTimeoutMs, signal };
  const onQuestion: OpenClientOptions['onQuestion'] = (question, gone) =>
    ask({ server: server.name, ...question }, gone);
  const opened = await client.open({ target, version, onFault, onToolsChanged, onQuestion, ...limits });
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
  if (fault.type === 'signIn') return new Error(signInAdvice(server, fault.scope));
  if (fault.type === 'expired') return new Error('there is no MCP server at its url (HTTP 404)');
  return new Error(fault.type === 'lost' && ended !== null ? withAdvice(ended.end, advice) : fault.reason);
}
