import * as z from 'zod/mini';

/** What a server has beside tools, and how it is asked for. */
export const LIST_METHODS = {
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
} as const;

export type ResourceKind = keyof typeof LIST_METHODS;

export const ResourceEntries = z.array(z.looseObject({}));

/** Entries as the server sent them. */
export interface ResourcePage {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  readonly nextCursor: string | null;
}
