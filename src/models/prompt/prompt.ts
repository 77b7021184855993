import type { ResponseItem } from '../../foundation/protocol/index.ts';
import type { ToolSpec } from './tool-spec.ts';

/**
 * One request, free of any provider. Items are immutable once they are in a prompt: their serialised form is kept and
 * sent again, so that a later request extends an earlier one byte for byte.
 */
export interface Prompt {
  readonly instructions: string;
  readonly input: readonly ResponseItem[];
  readonly tools: readonly ToolSpec[];
  readonly parallelToolCalls: boolean;
  /** JSON Schema of the final message, sent as it is. Absent or null: free text. */
  readonly outputSchema?: unknown;
  /** Default `auto`. `none` keeps the tools in the request, for the cache, but forbids calls. */
  readonly toolChoice?: 'auto' | 'none';
}
