import type { Progress } from '@modelcontextprotocol/client';
import * as z from 'zod/mini';
import type { ServerQuestion } from './types.ts';

/** Limit for what a server says of its progress. */
const MAX_PROGRESS_CHARS = 200;

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
export function questionOf(params: { readonly message: string } & Readonly<Record<string, unknown>>): Question | null {
  const { message, requestedSchema, url } = params;
  if (requestedSchema !== undefined) return { type: 'form', message, requestedSchema };
  const page = typeof url === 'string' ? URL.parse(url) : null;
  // Whoever reads an address with a name in front of the host takes that for the host.
  if (page === null || !/^https?:$/.test(page.protocol) || page.username !== '' || page.password !== '') return null;
  return { type: 'url', message, url: page.href };
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
