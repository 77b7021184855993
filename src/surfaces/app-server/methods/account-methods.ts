import * as z from 'zod';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { removeStoredKey, storeKey } from '../../../storage/config/index.ts';
import { type Client, ErrorCode, MethodError, type Methods, method } from './method.ts';
import type { ServerSettings } from './server-settings.ts';

const LoginParams = z.union([
  z.object({ type: z.literal('apiKey'), apiKey: z.string() }),
  z.object({ type: z.string().refine((type) => type !== 'apiKey', { error: 'apiKey is missing' }) }),
]);

/** `account/*`: the key that keel pays with. keel has no sign-in but that; no result has the key in it. */
export function accountMethods(settings: ServerSettings): Methods {
  /** Sent after the answer to the call. */
  const announce = async (client: Client) => {
    const params = { authMode: (await hasKey(settings)) ? 'apikey' : null, planType: null };
    setImmediate(() => client.notify('account/updated', params));
  };
  return {
    'account/read': method(z.object({ refreshToken: z.boolean().nullish() }), async () => ({
      account: (await hasKey(settings)) ? { type: 'apiKey' } : null,
      requiresOpenaiAuth: (await settings.config()).provider.requiresOpenaiAuth,
    })),
    'account/login/start': method(LoginParams, async (params, client) => {
      if (!('apiKey' in params) || typeof params.apiKey !== 'string') {
        throw invalid(`keel signs in with an API key only, not by ${JSON.stringify(params.type)}`);
      }
      const key = params.apiKey.trim();
      if (key === '' || /\s/.test(key)) throw invalid('an API key is not empty and has no spaces');
      const { home, credentialStores } = await settings.config();
      storeKey({ home, store: credentialStores.login }, key);
      settings.changed();
      setImmediate(() => client.notify('account/login/completed', { loginId: null, success: true, error: null }));
      await announce(client);
      return { type: 'apiKey' };
    }),
    // A sign-in by key is over when it is answered.
    'account/login/cancel': method(z.object({ loginId: z.string() }), async () => ({ status: 'notFound' })),
    'account/logout': method(z.object({}), async (_, client) => {
      removeStoredKey((await settings.config()).home);
      settings.changed();
      await announce(client);
      return {};
    }),
    // Providers report limits with their answers, so there are none before a thread has asked for one.
    'account/rateLimits/read': method(z.object({}), async () => ({
      rateLimits: {
        ...{ limitId: null, limitName: null, primary: null, secondary: null, credits: null, planType: null },
      },
      rateLimitsByLimitId: null,
    })),
  };
}

async function hasKey(settings: ServerSettings): Promise<boolean> {
  const { resolveCredentials } = await import('../../../models/client/index.ts');
  const { provider, env, storedKey } = await settings.config();
  try {
    return resolveCredentials(provider, env, storedKey).bearer !== null || provider.authCommand !== undefined;
  } catch (error) {
    if (error instanceof KeelError && error.kind === 'missingCredentials') return false;
    throw error;
  }
}

function invalid(message: string): MethodError {
  return new MethodError(ErrorCode.invalidRequest, message);
}
