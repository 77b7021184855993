import { type AgentApp, agent, type InitializeResponse } from '@agentclientprotocol/sdk';
import { resolveCredentials } from '../../models/client/index.ts';
import { loadConfig, removeStoredKey, resolveHome } from '../../storage/config/index.ts';
import { abilitiesOf, type ClientAbilities } from './client.ts';
import { answered, invalidParams } from './errors.ts';
import type { MessageStream } from './message-stream.ts';
import type { AcpSession } from './session/acp-session.ts';
import type { OpenSessions } from './session/open-sessions.ts';

const PROTOCOL_VERSION = 1;
const KEY_METHOD = 'api-key';

export interface AgentOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly overrides: readonly string[];
  readonly version: string;
}

/** What keel answers to each request of a client. */
export function keelAgent(
  options: AgentOptions,
  sessions: OpenSessions,
  { afterAnswer }: Pick<MessageStream, 'afterAnswer'>,
): AgentApp {
  let can = abilitiesOf();
  /** A session whose updates start behind the answer that names it. */
  const opened = (requestId: unknown, session: AcpSession) => {
    afterAnswer(requestId, () => session.begin());
    return session.choices();
  };
  return agent({ name: 'keel' })
    .onRequest('initialize', ({ params }) => {
      can = abilitiesOf(params.clientCapabilities);
      return greeting(options, can);
    })
    .onRequest('authenticate', ({ params }) => answered(() => authenticate(params.methodId, options)))
    .onRequest('logout', () =>
      answered(() => {
        removeStoredKey(resolveHome(options.env));
        return {};
      }),
    )
    .onRequest('session/new', ({ params, client, requestId }) =>
      answered(async () => {
        const session = await sessions.create(params, client, can);
        return { sessionId: session.id, ...opened(requestId, session) };
      }),
    )
    .onRequest('session/load', ({ params, client, requestId }) =>
      answered(async () => {
        const session = await sessions.reopen(params.sessionId, params, client, can);
        await session.replay();
        return opened(requestId, session);
      }),
    )
    .onRequest('session/resume', ({ params, client, requestId }) =>
      answered(async () => opened(requestId, await sessions.reopen(params.sessionId, params, client, can))),
    )
    .onRequest('session/list', ({ params }) => answered(() => sessions.list(params)))
    .onRequest('session/close', ({ params }) => answered(async () => void (await sessions.close(params.sessionId))))
    .onRequest('session/delete', ({ params }) => answered(async () => void (await sessions.remove(params.sessionId))))
    .onRequest('session/set_mode', ({ params, requestId }) =>
      answered(() => {
        const session = sessions.get(params.sessionId);
        session.choose('mode', params.modeId);
        afterAnswer(requestId, () => void session.showChoices());
        return {};
      }),
    )
    .onRequest('session/set_config_option', ({ params, requestId }) =>
      answered(() => {
        const session = sessions.get(params.sessionId);
        session.choose(params.configId, params.value);
        afterAnswer(requestId, () => void session.showChoices());
        return { configOptions: session.choices().configOptions };
      }),
    )
    .onRequest('session/prompt', ({ params, signal }) =>
      answered(() => sessions.get(params.sessionId).prompt(params.prompt, signal)),
    )
    .onNotification('session/cancel', ({ params }) => {
      // One that comes late is about nothing.
      if (sessions.has(params.sessionId)) sessions.get(params.sessionId).cancel();
    });
}

function greeting({ version }: AgentOptions, can: ClientAbilities): InitializeResponse {
  const login = {
    type: 'terminal' as const,
    id: 'login',
    name: 'Log in in a terminal',
    description: 'Asks for an API key and stores it.',
    args: ['--login'],
  };
  const key = {
    id: KEY_METHOD,
    name: 'API key',
    description: 'Uses OPENAI_API_KEY, the variable of the configured provider, or the key that `keel login` stored.',
  };
  return {
    protocolVersion: PROTOCOL_VERSION,
    agentInfo: { name: 'keel', title: 'keel', version },
    agentCapabilities: {
      loadSession: true,
      promptCapabilities: { image: true, audio: false, embeddedContext: true },
      mcpCapabilities: { http: true, sse: false },
      sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {}, additionalDirectories: {} },
      auth: { logout: {} },
    },
    authMethods: can.hasTerminalLogin ? [login, key] : [key],
  };
}

/** @throws KeelError `missingCredentials`, which says what to do */
async function authenticate(methodId: string, { env, cwd, overrides }: AgentOptions): Promise<Record<string, never>> {
  if (methodId !== KEY_METHOD)
    throw invalidParams(`there is no method ${JSON.stringify(methodId)} for keel to log in by`);
  const config = await loadConfig({ env, cwd, overrides, flags: {} });
  resolveCredentials(config.provider, config.env, config.storedKey);
  return {};
}
