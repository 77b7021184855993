import * as z from 'zod/mini';

/** One part of what a user sends. A `localImage` is read when the message is built; `path` may be relative to the cwd. */
export const UserInput = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('image'), url: z.string() }),
    z.object({ type: z.literal('localImage'), path: z.string() }),
  ]),
);
export type UserInput = z.infer<typeof UserInput>;
