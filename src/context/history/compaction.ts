import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { HANDOVER_HEADINGS, handoverMessage, handoverOf } from './compaction-texts.ts';
import type { ThreadFacts } from './thread-facts.ts';
import { keptUserMessages } from './user-messages.ts';
import type { WindowBudget } from './window-budget.ts';

const CARRIED =
  '(No handover was written this time. What follows is the one before it; what was done since is in the facts.)';
const CLAIMS_SUCCESS =
  /\b(?:all )?(?:tests?|checks?|build|suite)\b[^.\n]{0,40}\b(?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?)\b/i;

export interface CompactionFacts {
  /** The items of the conversation. */
  readonly items: readonly ResponseItem[];
  readonly facts: ThreadFacts;
  /** The opening items of a new thread with today's facts. */
  readonly opening: readonly ResponseItem[];
  readonly summary: string;
  /** Command sessions that still run, a line each. */
  readonly running: readonly string[];
  readonly transcriptPath: string | null;
  readonly budget: WindowBudget;
}

export interface Compacted {
  readonly items: readonly ResponseItem[];
  /** Warnings about the summary, for the user. */
  readonly warnings: readonly string[];
}

/** The items that replace a conversation: its opening, the user's own words, and one handover. */
export function compactedItems(given: CompactionFacts): Compacted {
  const { items, facts, opening, running, transcriptPath, budget } = given;
  const { kept, leftOut } = keptUserMessages(items, budget);
  const { text, warnings } = given.summary.trim() === '' ? carriedSummary(items) : checkedSummary(given);
  const handover = handoverMessage({
    leftOut,
    facts: facts.render(running, budget.factsBytes),
    summary: text,
    transcriptPath,
  });
  const snapshots = items.filter(({ type }) => type === 'ghost_snapshot');
  return { items: [...opening, ...kept, handover, ...snapshots], warnings };
}

/** Where the model wrote no handover, the one before it is kept; the facts cover what was done since. */
function carriedSummary(items: readonly ResponseItem[]): { readonly text: string; readonly warnings: string[] } {
  const earlier = items.map(handoverOf).findLast((text) => text !== null) ?? null;
  const left =
    earlier === null ? 'the facts that keel recorded' : 'the handover before it, the facts that keel recorded';
  return {
    text: earlier === null ? '' : `${CARRIED}\n\n${earlier}`,
    warnings: [`The model wrote no handover: the earlier conversation is replaced by ${left} and your own messages.`],
  };
}

/** Adds what keel recorded to a summary that contradicts it, and cuts the summary to its limit. */
function checkedSummary({ summary, facts, budget }: Pick<CompactionFacts, 'summary' | 'facts' | 'budget'>): {
  readonly text: string;
  readonly warnings: string[];
} {
  const warnings: string[] = [];
  let at = 0;
  const missing = HANDOVER_HEADINGS.filter((heading) => {
    const found = summary.indexOf(`## ${heading}`, at);
    if (found !== -1) at = found;
    return found === -1;
  });
  if (missing.length > 0) warnings.push(`the handover has no part on ${missing.join(', ')}`);
  const cut = cutWords(summary, budget.summaryWords);
  const check = facts.lastCheck;
  const isDoubtful = check !== null && (check.exitCode !== 0 || !check.isFresh) && CLAIMS_SUCCESS.test(cut);
  if (!isDoubtful) return { text: cut, warnings };
  const state = check.isFresh ? 'fresh' : 'stale';
  return {
    text: `${cut}\n\nkeel: the last check recorded was ${check.command}, exit ${check.exitCode}, ${state}`,
    warnings,
  };
}

function cutWords(text: string, maxWords: number): string {
  const words = text.split(/\s+/);
  if (words.length <= maxWords) return text;
  let left = maxWords;
  const kept: string[] = [];
  for (const paragraph of text.split('\n\n')) {
    left -= paragraph.split(/\s+/).length;
    if (left < 0 && kept.length > 0) break;
    kept.push(left < 0 ? paragraph.split(/\s+/).slice(0, maxWords).join(' ') : paragraph);
  }
  return `${kept.join('\n\n')}\n[cut]`;
}
