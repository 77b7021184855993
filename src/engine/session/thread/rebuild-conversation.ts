import { ConversationHistory, type RepairListener, ThreadFacts } from '../../../context/history/index.ts';
import { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { HistoryEntry, ThreadLog } from '../../../storage/rollout/index.ts';
import type { Conversation, SentContext } from '../state.ts';

/** The conversation of a thread that has no items yet. */
export function emptyConversation(onRepair?: RepairListener): Conversation {
  return { history: new ConversationHistory(onRepair), facts: new ThreadFacts(), sentContext: null };
}

/**
 * The conversation that the recorded steps gave, built in the way in which they built it. Facts are known of all that was
 * recorded, also of what was compacted since.
 */
export function rebuildConversation(
  log: Pick<ThreadLog, 'lastTurnContext' | 'history'>,
  entries: readonly HistoryEntry[],
  onRepair: RepairListener,
): Conversation {
  const { history, facts } = emptyConversation(onRepair);
  for (const entry of entries) {
    apply(history, entry);
    if (entry.type === 'item') facts.note(entry.item);
  }
  return { history, facts, sentContext: sentContext(log) };
}

/** Null if it is not known. */
function sentContext({ lastTurnContext, history }: Pick<ThreadLog, 'lastTurnContext' | 'history'>): SentContext | null {
  if (!lastTurnContext || history.length === 0) return null;
  return {
    cwd: lastTurnContext.cwd,
    approvalPolicy: lastTurnContext.approval_policy,
    sandboxPolicy: lastTurnContext.sandbox_policy,
    ...(lastTurnContext.can_ask === undefined ? {} : { canAsk: lastTurnContext.can_ask }),
    ...(lastTurnContext.date === undefined ? {} : { date: lastTurnContext.date }),
    mcpTools: lastTurnContext.mcp_tools ?? [],
  };
}

function apply(history: ConversationHistory, entry: HistoryEntry): void {
  if (entry.type === 'item') history.record([entry.item]);
  else if (entry.type === 'usage') history.restoreTokenInfo(entry.info);
  else if (entry.type === 'elided') history.prune(entry.outputs);
  else if (entry.type === 'refused') history.takeOut(entry.refused);
  else if (entry.type === 'spent') history.restoreTotal(entry.total);
  else if (entry.type === 'childUsage') history.addChildUsage(entry.usage, entry.window);
  else if (entry.type === 'undone') history.removeSnapshot(entry.snapshot);
  else history.replace(replacement(history, entry));
}

/** What a compaction left: as it was recorded, or for older records what the user said and the summary. */
function replacement(
  history: ConversationHistory,
  entry: Extract<HistoryEntry, { type: 'compacted' }>,
): ResponseItem[] {
  if (entry.replacement) return entry.replacement.flatMap((item) => ResponseItem.safeParse(item).data ?? []);
  const said = history.items.filter((item) => item.type === 'message' && item.role === 'user');
  const summary = entry.message === '' ? '(no summary available)' : entry.message;
  const text = `<keel_handover>\nThe earlier part of this thread was compacted to save room. Files are as that part left them.\n\nHandover by the model that did the work:\n${summary}\n</keel_handover>`;
  return [...said, { type: 'message', role: 'user', content: [{ type: 'input_text', text }] }];
}
