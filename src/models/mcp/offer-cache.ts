import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { randomUUID, readJson } from '../../foundation/util/index.ts';
import type { McpServer } from '../../storage/config/index.ts';
import { DroppedTool, ListedPrompt, ListedTool, type ServerOffer } from './types.ts';

const CacheFile = z.object({
  key: z.string(),
  tools: z.array(ListedTool),
  dropped: z.array(DroppedTool),
  prompts: z._default(z.array(ListedPrompt), []),
  hasResources: z.boolean(),
  instructions: z.nullable(z.string()),
});

/**
 * What each server listed when it was last reached, so that a slow one need not be waited for and a thread's requests stay
 * the same from start to start. A file that is missing, broken or of other settings counts as none.
 */
export class OfferCache {
  readonly #dir: string;

  constructor(home: string) {
    this.#dir = join(home, 'cache', 'mcp');
  }

  read(server: McpServer): ServerOffer | null {
    try {
      const file = CacheFile.parse(readJson(readFileSync(this.#path(server), 'utf8')));
      const { key, ...offer } = file;
      return key === keyOf(server) ? offer : null;
    } catch {
      // It is only a cache.
      return null;
    }
  }

  /** A cache that can't be written is done without. */
  write(server: McpServer, offer: ServerOffer): void {
    const path = this.#path(server);
    const text = JSON.stringify({ key: keyOf(server), ...offer });
    try {
      if (readOrNull(path) === text) return;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}.${randomUUID()}`;
      writeFileSync(draft, text, { mode: 0o600 });
      renameSync(draft, path);
    } catch {
      // The server is simply waited for next time.
    }
  }

  #path({ name }: McpServer): string {
    return join(this.#dir, `${name}.json`);
  }
}

/** Neither where it runs nor what it is given makes it another server: with a new token it is the same. */
function keyOf({ transport }: McpServer): string {
  const identity = transport.type === 'stdio' ? [transport.command, ...transport.args] : [transport.url];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // There is none yet.
    return null;
  }
}
