import * as z from 'zod/mini';

/** What a review looks at. */
export const ReviewTarget = z.lazy(() =>
  z.discriminatedUnion('type', [
    /** Staged, unstaged and untracked. */
    z.object({ type: z.literal('uncommittedChanges') }),
    /** What the current branch adds to another. */
    z.object({ type: z.literal('baseBranch'), branch: z.string() }),
    z.object({ type: z.literal('commit'), sha: z.string(), title: z.nullable(z.string()) }),
    z.object({ type: z.literal('custom'), instructions: z.string() }),
  ]),
);
export type ReviewTarget = z.infer<typeof ReviewTarget>;

/** Lines count from 1, both ends included. `priority`: 0 (stops everyone) to 3 (minor); null where it is not known. */
export const ReviewFinding = z.lazy(() =>
  z.object({
    title: z.string(),
    body: z.string(),
    confidence_score: z.number(),
    priority: z.nullable(z.number()),
    code_location: z.object({
      absolute_file_path: z.string(),
      line_range: z.object({ start: z.number(), end: z.number() }),
    }),
  }),
);
export type ReviewFinding = z.infer<typeof ReviewFinding>;

export const ReviewOutput = z.lazy(() =>
  z.object({
    findings: z.array(ReviewFinding),
    overall_correctness: z.string(),
    overall_explanation: z.string(),
    overall_confidence_score: z.number(),
  }),
);
export type ReviewOutput = z.infer<typeof ReviewOutput>;
