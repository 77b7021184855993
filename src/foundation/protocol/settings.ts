import * as z from 'zod/mini';
import { ApprovalPolicy, ReasoningEffort, ReasoningSummary, SandboxPolicy } from './policy.ts';

/** A change of a session's settings. An absent field keeps its value; `effort: null` clears the effort. */
export const SettingsUpdate = z.lazy(() =>
  z.object({
    cwd: z.optional(z.string()),
    approvalPolicy: z.optional(ApprovalPolicy),
    sandboxPolicy: z.optional(SandboxPolicy),
    model: z.optional(z.string()),
    effort: z.optional(z.nullable(ReasoningEffort)),
    summary: z.optional(ReasoningSummary),
  }),
);
export type SettingsUpdate = z.infer<typeof SettingsUpdate>;
