import type { ModelProvider } from '../../storage/config/index.ts';
import type { WireMaker } from '../wires/index.ts';
import { responsesWire } from '../wires/responses/index.ts';

/** What speaks an API. All but the usual one are read from the disk when they are asked for. */
export async function loadWire(api: ModelProvider['wireApi']): Promise<WireMaker> {
  switch (api) {
    case 'responses':
      return responsesWire;
    case 'anthropic':
      return (await import('../wires/anthropic/index.ts')).anthropicWire;
    case 'chat':
      return (await import('../wires/chat/index.ts')).chatWire;
  }
}
