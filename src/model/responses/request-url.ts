import type { ModelProvider } from '../../config/index.ts';
import { KeelError } from '../../protocol/index.ts';

/** The address of the Responses endpoint, query parameters encoded, in the order of the configuration. */
export function responsesUrl(provider: Pick<ModelProvider, 'id' | 'baseUrl' | 'queryParams'>): string {
  const url = URL.parse(provider.baseUrl);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    // Without the address itself: it may hold a password.
    throw new KeelError('invalidConfig', `base_url of provider "${provider.id}" is not an http or https address`);
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/responses`;
  for (const [name, value] of Object.entries(provider.queryParams)) url.searchParams.set(name, value);
  return url.href;
}
