import * as z from 'zod/mini';

/** A branch, tag or commit: nothing that git could take for an option or a range. */
const Revision = z.string().check(z.regex(/^(?!-)(?!.*\.\.)[\w./-]{1,200}$/));
/** The name of something in a folder of the fleet's: no path. */
const Name = z.string().check(z.regex(/^(?![.-])[\w.-]{1,100}$/));

/** Where a new thread is to work. What the names mean is decided by the fleet's operator. */
export const WorkTree = z.discriminatedUnion('type', [
  /** A clone of its own. `url` has to begin with one that the operator allows. */
  z.object({ type: z.literal('clone'), url: z.string().check(z.maxLength(2_000)), revision: z.optional(Revision) }),
  /** A work tree of its own, of a repository that the operator has put into `repositories/`. */
  z.object({ type: z.literal('worktree'), repository: Name, revision: z.optional(Revision) }),
  /** A directory that the operator has put into `directories/`, as it is and shared by its threads. */
  z.object({ type: z.literal('directory'), name: Name }),
  /** An empty directory. */
  z.object({ type: z.literal('empty') }),
]);
export type WorkTree = z.infer<typeof WorkTree>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a thread may have this id: it is the name of a folder. */
export function isThreadId(id: string): boolean {
  return UUID.test(id);
}
