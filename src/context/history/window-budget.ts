/**
 * Size limits for the parts of a conversation. Each is a share of the model's window without instructions and tools, up to a
 * fixed size that serves in a large window: after a compaction less than half of that room is taken.
 */
export interface WindowBudget {
  /** For one message of the user, bytes. */
  readonly messageBytes: number;
  /** For one output of a tool, pictures apart, bytes. */
  readonly outputBytes: number;
  /** For the user's words that a compaction keeps, bytes. */
  readonly keptBytes: number;
  /** For the first message of the thread, as a part of `keptBytes`, bytes. */
  readonly firstBytes: number;
  /** For the facts in a handover, bytes. */
  readonly factsBytes: number;
  /** For the files with instructions of user and project, bytes. */
  readonly instructionsBytes: number;
  /** For the list of skills, bytes. */
  readonly skillListBytes: number;
  /** For the skills that one message names, bytes. */
  readonly skillsBytes: number;
  /** For the model's own account in a handover, words. */
  readonly summaryWords: number;
}

const BYTES_PER_TOKEN = 4;
/** Measured for English text with paths and code in it. */
const BYTES_PER_WORD = 7;
/** The room is at least this share of the window, even where instructions and tools fill it: limits near zero make texts unreadable. */
const LEAST_SHARE = 0.2;
const SHARES = {
  ...{ message: 0.5, output: 0.12, kept: 0.2, first: 0.05, facts: 0.08, summary: 0.12 },
  ...{ instructions: 0.2, skillList: 0.08, skills: 0.2 },
} as const;
const LARGE: WindowBudget = {
  messageBytes: Number.POSITIVE_INFINITY,
  outputBytes: 10_240,
  keptBytes: 80_000, // 20,000 tokens
  firstBytes: 4_096,
  factsBytes: 16 * 1024,
  instructionsBytes: Number.POSITIVE_INFINITY,
  skillListBytes: 2_048,
  skillsBytes: 32 * 1024,
  summaryWords: 1_200,
};

/**
 * @param windowTokens the model's usable window; null when unknown
 * @param overheadTokens tokens of instructions and tools
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
    instructionsBytes: share('instructions', LARGE.instructionsBytes),
    skillListBytes: share('skillList', LARGE.skillListBytes),
    skillsBytes: share('skills', LARGE.skillsBytes),
    summaryWords: Math.floor(share('summary', LARGE.summaryWords * BYTES_PER_WORD) / BYTES_PER_WORD),
  };
}
