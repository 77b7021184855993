import type { ModelProvider } from '../../storage/config/index.ts';

/** Parts of the hosts behind which Azure's own rules hold. `azurewebsites.net` is anybody's site and not among them. */
const AZURE_HOST_PARTS = [
  'openai.azure.',
  'cognitiveservices.azure.',
  'aoai.azure.',
  'azure-api.',
  'azurefd.',
  'windows.net/openai',
] as const;

/** Azure stores responses and wants the ids of items back. */
export function isAzure(provider: Pick<ModelProvider, 'name' | 'baseUrl'>): boolean {
  if (provider.name.toLowerCase() === 'azure') return true;
  const url = provider.baseUrl.toLowerCase();
  return AZURE_HOST_PARTS.some((part) => url.includes(part));
}
