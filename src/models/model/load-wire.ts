import type { ModelProvider } from '../../storage/config/index.ts';
import { responsesWire } from './responses/wire.ts';
import type { WireMaker } from './wire.ts';

/** What speaks an API. All but the usual one are read from the disk when they are asked for. */
export async function loadWire(api: ModelProvider['wireApi']): Promise<WireMaker> {
  switch (api) {
    case 'responses':
      return responsesWire;
    case 'anthropic':
      return (await import('./anthropic/wire.ts')).anthropicWire;
    case 'chat':
      return (await import('./chat/wire.ts')).chatWire;
  }
}
