import { KeelError } from '../../../../foundation/protocol/index.ts';
import { maskSecrets } from '../../../../foundation/secrets/index.ts';
import { printable, reasonOf } from '../../../../foundation/util/index.ts';
import { hasCredentials, type ShownCode, serverHeaders, signInTo } from '../../../../models/mcp/index.ts';
import {
  type Config,
  CredentialFile,
  commandEnvironment,
  loadConfig,
  type McpHttpServer,
  programSearch,
  resolveHome,
} from '../../../../storage/config/index.ts';
import { type BrowserPlace, canOpenAddresses, openAddress } from '../../../../system/process/index.ts';
import type { CommandIo } from '../../io.ts';
import { inWords, note } from '../../output.ts';
import { stopSignal } from '../../stop-signal.ts';
import { UsageError } from '../../usage.ts';
import { type McpPlace, unknownServer } from './show.ts';
import type { McpValues } from './spec.ts';
import { testServer } from './test.ts';

/** `keel mcp login`: signs in to a server over HTTP, and tries it. @throws KeelError for a server that has no sign-in, UsageError */
export async function login({ io, values }: McpPlace, name: string): Promise<number> {
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: values.config ?? [], flags: {} });
  const server = config.mcpServers.find((one) => one.name === name);
  if (server === undefined) throw unknownServer(name);
  const transport = withSignIn(server.transport, name, config);
  const file = new CredentialFile(config.home, config.credentialStores.mcp);
  const way = wayOf(values, config);
  using stop = stopSignal(io);
  try {
    await signInTo({
      server: { ...server, transport },
      env: config.env,
      file,
      scopes: values.scopes?.split(/[\s,]+/).filter((scope) => scope !== '') ?? null,
      way,
      onAddress: (address) => show(io, config, { address, withBrowser: !values['no-browser'] }),
      onCode: (code) => showCode(io, code),
      signal: stop.signal,
    });
  } catch (cause) {
    const code: unknown = stop.signal.reason;
    if (stop.signal.aborted && typeof code === 'number') return code;
    if (cause instanceof KeelError) throw cause;
    const reason = maskSecrets(reasonOf(cause), file.secrets);
    throw new KeelError('unauthorized', `the sign-in to MCP server ${name} failed: ${adviceFor(reason, name)}`, {
      cause,
    });
  }
  const kept = file.place === null ? '' : ` The sign-in is kept in ${inWords(file.place)}.`;
  note(io, `Signed in to MCP server ${name}.${kept}\n`);
  return await testServer({ io, values }, name);
}

/** `keel mcp logout`: succeeds also when nobody has signed in. */
export async function logout({ io }: McpPlace, name: string): Promise<number> {
  const file = new CredentialFile(resolveHome(io.env));
  const wasThere = await file.write(name, null, new AbortController().signal);
  note(io, wasThere ? `The sign-in to ${name} is forgotten.\n` : `There was no sign-in to ${name}.\n`);
  return 0;
}

function withSignIn(transport: Config['mcpServers'][number]['transport'], name: string, config: Config): McpHttpServer {
  if (transport.type === 'stdio') {
    throw new KeelError('invalidInput', `${name} is a program that keel starts: it has no sign-in`);
  }
  if (transport.bearerTokenEnvVar !== null || hasCredentials(serverHeaders(transport, config.env))) {
    throw new KeelError('invalidInput', `${name} gets a token by its settings: remove that before you sign in`);
  }
  return transport;
}

interface Address {
  readonly address: URL;
  readonly withBrowser: boolean;
}

/** A browser on another machine can't come back to this one: without one here, a code is the better way where there is one. */
function wayOf(values: McpValues, config: Config): 'browser' | 'device' | 'deviceIfOffered' {
  if (values['device-code'] && values['no-browser']) throw new UsageError('use either --device-code or --no-browser');
  if (values['device-code']) return 'device';
  return values['no-browser'] || canOpenAddresses(browserPlace(config)) ? 'browser' : 'deviceIfOffered';
}

function browserPlace(config: Config): BrowserPlace {
  return { search: programSearch(config), env: commandEnvironment(config, config.env) };
}

function showCode(io: CommandIo, { address, code, complete }: ShownCode): void {
  note(io, `Open ${printable(address)} in any browser and enter the code ${printable(code)}\n`);
  if (complete !== null) note(io, `This address has the code in it: ${printable(complete)}\n`);
}

function show(io: CommandIo, config: Config, { address, withBrowser }: Address): void {
  const isOpened = withBrowser && openAddress(address.href, browserPlace(config));
  const what = isOpened ? 'Your browser opens. If it does not, open' : 'Open';
  note(io, `${what} this address on this machine to sign in:\n\n${address.href}\n\n`);
}

function adviceFor(reason: string, name: string): string {
  if (!/dynamic client registration/i.test(reason)) return reason;
  return `${reason}. Register keel there, and set oauth.client_id in [mcp_servers.${name}]`;
}
