/** Ends a stretch of a request that the provider is to keep. A request has four at most. */
export const CACHE_MARK = { type: 'ephemeral' } as const;

/** The mark as it is put into a block that is already written, before its closing brace. */
export const CACHE_MARK_JSON = `,"cache_control":${JSON.stringify(CACHE_MARK)}`;
