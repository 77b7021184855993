import { KeelError } from '../../foundation/protocol/index.ts';
import type { ModelProvider } from '../../storage/config/index.ts';

type Place = Pick<ModelProvider, 'id' | 'baseUrl' | 'queryParams'>;

/**
 * The address of an endpoint below the provider's base URL, query parameters encoded, in the order of the configuration.
 * `endpoint` is given the path of the base, without a slash at its end, and gives the whole one.
 */
export function requestUrl(provider: Place, endpoint: (base: string) => string): string {
  const url = URL.parse(provider.baseUrl);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    // Without the address itself: it may contain a password.
    throw new KeelError('invalidConfig', `base_url of provider "${provider.id}" is not an http or https address`);
  }
  url.pathname = endpoint(url.pathname.replace(/\/+$/, ''));
  for (const [name, value] of Object.entries(provider.queryParams)) url.searchParams.set(name, value);
  return url.href;
}
