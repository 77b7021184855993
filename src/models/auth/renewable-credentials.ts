import type { Config } from '../../storage/config/index.ts';
import { type Credentials, type RenewableCredentials, resolveCredentials } from '../client/index.ts';

/** What renews the credentials of the configured provider; null: they are what the settings and the environment say. */
export function renewableCredentials(config: Config): RenewableCredentials | null {
  const { provider, env, storedKey } = config;
  const { authCommand } = provider;
  if (authCommand !== undefined && provider.bearerToken === undefined) {
    return new WhenUsed(async () => {
      const { CommandToken } = await import('./command-token.ts');
      return new CommandToken(authCommand, config);
    });
  }
  const tokens = storedKey?.tokens;
  const mayBeSignedIn = provider.id === 'openai' || provider.requiresOpenaiAuth;
  if (!tokens || !mayBeSignedIn || resolveCredentials(provider, env, storedKey).kind !== 'signIn') return null;
  return new WhenUsed(async () => {
    const { SignInToken } = await import('./sign-in-token.ts');
    return new SignInToken({ ...storedKey, tokens }, config);
  });
}

/** Loads what it is with the first request. */
class WhenUsed implements RenewableCredentials {
  readonly #load: () => Promise<RenewableCredentials>;
  #loaded: Promise<RenewableCredentials> | null = null;

  constructor(load: () => Promise<RenewableCredentials>) {
    this.#load = load;
  }

  async current(signal: AbortSignal): Promise<Credentials> {
    return (await this.#source()).current(signal);
  }

  async renewed(refused: Credentials, signal: AbortSignal): Promise<Credentials | null> {
    return (await this.#source()).renewed(refused, signal);
  }

  #source(): Promise<RenewableCredentials> {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }
}
