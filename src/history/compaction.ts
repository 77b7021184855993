import { HANDOVER_HEADINGS, handoverMessage } from '../context/index.ts';
import type { ResponseItem } from '../protocol/index.ts';
import type { ThreadFacts } from './thread-facts.ts';
import { keptUserMessages } from './user-messages.ts';

const MAX_SUMMARY_WORDS = 1_200;
const CLAIMS_SUCCESS =
  /\b(?:all )?(?:tests?|checks?|build|suite)\b[^.\n]{0,40}\b(?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?)\b/i;

export interface CompactionFacts {
  /** What the conversation holds now. */
  readonly items: readonly ResponseItem[];
  readonly facts: ThreadFacts;
  /** What every thread begins with, as it is now. */
  readonly opening: readonly ResponseItem[];
  readonly summary: string;
  /** Sessions that go on running, a line each. */
  readonly running: readonly string[];
  readonly transcriptPath: string | null;
}

export interface Compacted {
  readonly items: readonly ResponseItem[];
  /** What about the summary the user should know. */
  readonly warnings: readonly string[];
}

/** What stands for a conversation from here on: its opening, the user's own words, and one handover. */
export function compactedItems({
  items,
  facts,
  opening,
  summary,
  running,
  transcriptPath,
}: CompactionFacts): Compacted {
  const { kept, leftOut } = keptUserMessages(items);
  const { text, warnings } = checkedSummary(summary, facts);
  const handover = handoverMessage({ leftOut, facts: facts.render(running), summary: text, transcriptPath });
  const snapshots = items.filter(({ type }) => type === 'ghost_snapshot');
  return { items: [...opening, ...kept, handover, ...snapshots], warnings };
}

/** A summary is the model's own account: what code knows better is said beside it. */
function checkedSummary(summary: string, facts: ThreadFacts): { readonly text: string; readonly warnings: string[] } {
  const warnings: string[] = [];
  let at = 0;
  const missing = HANDOVER_HEADINGS.filter((heading) => {
    const found = summary.indexOf(`## ${heading}`, at);
    if (found !== -1) at = found;
    return found === -1;
  });
  if (summary.trim() !== '' && missing.length > 0) warnings.push(`the handover has no part on ${missing.join(', ')}`);
  const cut = cutWords(summary);
  const check = facts.lastCheck;
  const isDoubtful = check !== null && (check.exitCode !== 0 || !check.isFresh) && CLAIMS_SUCCESS.test(cut);
  if (!isDoubtful) return { text: cut, warnings };
  const state = check.isFresh ? 'fresh' : 'stale';
  return {
    text: `${cut}\n\nkeel: the last check recorded was ${check.command}, exit ${check.exitCode}, ${state}`,
    warnings,
  };
}

function cutWords(text: string): string {
  const words = text.split(/\s+/);
  if (words.length <= MAX_SUMMARY_WORDS) return text;
  let left = MAX_SUMMARY_WORDS;
  const kept: string[] = [];
  for (const paragraph of text.split('\n\n')) {
    left -= paragraph.split(/\s+/).length;
    if (left < 0 && kept.length > 0) break;
    kept.push(left < 0 ? paragraph.split(/\s+/).slice(0, MAX_SUMMARY_WORDS).join(' ') : paragraph);
  }
  return `${kept.join('\n\n')}\n[cut]`;
}
