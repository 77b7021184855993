import * as z from 'zod/mini';
import { type DroppedTool, ListedPrompt, ListedTool } from './types.ts';

/** Pages of one listing, and tools and prompts of one server, that are taken. */
const MAX_PAGES = 50;
const MAX_TOOLS = 512;
const MAX_PROMPTS = 256;
/** Limit for a malformed entry of a list, as it is quoted. */
const MAX_QUOTE_CHARS = 60;

/** An empty cursor, or null, is how servers write that there is no further page. */
const Cursor = z.optional(z.nullable(z.string()));
export const ListPage = z.looseObject({ nextCursor: Cursor });
export const ToolsPage = z.object({ tools: z.array(z.unknown()), nextCursor: Cursor });

/** The tools of a server, and what could not be taken of its list. */
export interface ToolListing {
  readonly tools: readonly ListedTool[];
  readonly dropped: readonly DroppedTool[];
}

export const PromptsPage = z.object({ prompts: z.array(z.unknown()), nextCursor: Cursor });

/** Follows the cursors of one listing to its end. A listing without one ends too, and keeps what it gave until then. */
export class Pages {
  readonly #seen = new Set<string>();
  #fault: string | null = null;

  /** What was wrong with the cursors; null if nothing was. */
  get fault(): string | null {
    return this.#fault;
  }

  /** The cursor of the next page; null at the end. */
  next(cursor: string | null | undefined): string | null {
    if (!cursor) return null;
    if (this.#seen.has(cursor)) this.#fault = 'the server gives the same page again and again';
    else if (this.#seen.size >= MAX_PAGES) this.#fault = `the server has more than ${MAX_PAGES} pages`;
    this.#seen.add(cursor);
    return this.#fault === null ? cursor : null;
  }
}

export function toolListing(listed: readonly unknown[], fault: string | null): ToolListing {
  const tools: ListedTool[] = [];
  const dropped: DroppedTool[] = fault === null ? [] : [{ name: 'further tools', reason: fault }];
  for (const entry of listed) {
    const { data } = ListedTool.safeParse(entry);
    if (data === undefined) dropped.push({ name: quoted(entry), reason: 'it has no name' });
    else if (tools.length >= MAX_TOOLS) dropped.push({ name: data.name, reason: `the limit is ${MAX_TOOLS} tools` });
    else tools.push(data);
  }
  return { tools, dropped };
}

function quoted(entry: unknown): string {
  return (JSON.stringify(entry) ?? 'a tool').slice(0, MAX_QUOTE_CHARS);
}

/** Malformed ones are left out. */
export function listedPrompts(listed: readonly unknown[]): readonly ListedPrompt[] {
  return listed.flatMap((entry) => ListedPrompt.safeParse(entry).data ?? []).slice(0, MAX_PROMPTS);
}
