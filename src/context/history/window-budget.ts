/**
 * What single parts of a conversation may take up. Each is a share of what the model's window leaves beside instructions
 * and tools, up to the size that serves in a large one: after a compaction less than half of that room is taken.
 */
export interface WindowBudget {
  /** One message of the user as it enters the conversation, bytes. */
  readonly messageBytes: number;
  /** One result of a tool, pictures apart, bytes. */
  readonly outputBytes: number;
  /** What a compaction keeps of the user's own words, bytes. */
  readonly keptBytes: number;
  /** Of these, what the first message of the thread gets whatever else is kept, bytes. */
  readonly firstBytes: number;
  /** The facts in a handover, bytes. */
  readonly factsBytes: number;
  /** The model's own account in a handover, words. */
  readonly summaryWords: number;
}

const BYTES_PER_TOKEN = 4;
/** Of an English text with paths and code in it. */
const BYTES_PER_WORD = 7;
/** A window that instructions and tools fill still gets this share of itself, so that what is said of it stays readable. */
const LEAST_SHARE = 0.2;
const SHARES = { message: 0.5, output: 0.12, kept: 0.2, first: 0.05, facts: 0.08, summary: 0.12 } as const;
const LARGE: WindowBudget = {
  messageBytes: Number.POSITIVE_INFINITY,
  outputBytes: 10_240,
  keptBytes: 80_000, // 20,000 tokens
  firstBytes: 4_096,
  factsBytes: 16 * 1024,
  summaryWords: 1_200,
};

/**
 * @param windowTokens the model's usable window; null when unknown
 * @param overheadTokens what instructions and tools take up of it
 */
export function windowBudget(windowTokens: number | null, overheadTokens: number): WindowBudget {
  if (windowTokens === null) return LARGE;
  const room = Math.max(windowTokens * LEAST_SHARE, windowTokens - overheadTokens) * BYTES_PER_TOKEN;
  const share = (part: keyof typeof SHARES, most: number) => Math.floor(Math.min(most, room * SHARES[part]));
  return {
    messageBytes: share('message', LARGE.messageBytes),
    outputBytes: share('output', LARGE.outputBytes),
    keptBytes: share('kept', LARGE.keptBytes),
    firstBytes: share('first', LARGE.firstBytes),
    factsBytes: share('facts', LARGE.factsBytes),
    summaryWords: Math.floor(share('summary', LARGE.summaryWords * BYTES_PER_WORD) / BYTES_PER_WORD),
  };
}
