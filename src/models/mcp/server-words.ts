import type { Progress } from '@modelcontextprotocol/client';
import * as z from 'zod/mini';
import type { ServerQuestion } from './types.ts';

/** Limit for what a server says of its progress. */
const MAX_PROGRESS_CHARS = 200;
/** Pages that wait to be reported as done; a server that asks for more gets no word through about the oldest. */
const MAX_PAGES = 100;

export const PromptMessages = z.object({
  messages: z.array(
    z.object({
      content: z.looseObject({
        type: z.string(),
        text: z.optional(z.string()),
        uri: z.optional(z.string()),
        resource: z.optional(z.looseObject({ uri: z.string(), text: z.optional(z.string()) })),
      }),
    }),
  ),
});

type WithoutServer<T> = T extends unknown ? Omit<T, 'server'> : never;
export type Question = WithoutServer<ServerQuestion>;

/** Null: no page that a browser should be sent to, or a mode that was not offered. */
export function questionOf(
  { message, requestedSchema, url, elicitationId }: { readonly message: string } & Readonly<Record<string, unknown>>,
  pages: OpenPages,
): Question | null {
  if (requestedSchema !== undefined) return { type: 'form', message, requestedSchema };
  const page = typeof url === 'string' ? URL.parse(url) : null;
  // Whoever reads an address with a name in front of the host takes that for the host.
  if (page === null || !/^https?:$/.test(page.protocol) || page.username !== '' || page.password !== '') return null;
  return { type: 'url', message, url: page.href, completed: pages.opened(elicitationId) };
}

/** What is no text has its name in its place. */
export function promptText({
  type,
  text,
  uri,
  resource,
}: z.infer<typeof PromptMessages>['messages'][number]['content']): string {
  return (
    text ??
    resource?.text ??
    `<${type}${resource === undefined && uri === undefined ? '' : `: ${resource?.uri ?? uri}`}>`
  );
}

/** `3/10 copying`; what a server leaves out is left out. */
export function progressText({ progress, total, message }: Progress): string {
  const done = total === undefined ? String(progress) : `${progress}/${total}`;
  return `${done} ${message ?? ''}`
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_PROGRESS_CHARS);
}

/** The pages that a server has asked the user to open, by the server's names for them. */
export class OpenPages {
  readonly #pages = new Map<string, AbortController>();

  /** @returns what aborts once the server says that the user is done there; it never does for a page without a name */
  opened(name: unknown): AbortSignal {
    const page = new AbortController();
    if (typeof name !== 'string') return page.signal;
    this.#pages.set(name, page);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > MAX_PAGES && oldest !== undefined) this.#pages.delete(oldest);
    return page.signal;
  }

  /** A name that is not known is ignored, as the protocol wants it. */
  completed(name: string): void {
    this.#pages.get(name)?.abort();
    this.#pages.delete(name);
  }
}
