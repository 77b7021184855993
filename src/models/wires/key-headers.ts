import type { ModelProvider } from '../../storage/config/index.ts';

type KeyForm = NonNullable<ModelProvider['keyHeader']>;

/** The header that authorises a request: as the provider wants it, else as its API usually does. None without a key. */
export function keyHeaders(
  { bearerToken, authCommand, keyHeader }: Pick<ModelProvider, 'bearerToken' | 'authCommand' | 'keyHeader'>,
  key: string | null,
  usual: KeyForm,
): Record<string, string> {
  if (key === null) return {};
  const isToken = bearerToken !== undefined || authCommand !== undefined;
  const form = isToken ? 'bearer' : (keyHeader ?? usual);
  return form === 'bearer' ? { Authorization: `Bearer ${key}` } : { [form]: key };
}
