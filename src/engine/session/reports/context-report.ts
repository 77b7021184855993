import { estimateTokens, isOutput } from '../../../context/history/index.ts';
import { isContextMessage } from '../../../context/index.ts';
import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import { byteLength } from '../../../foundation/util/index.ts';
import { specsFor } from '../../../tools/index.ts';
import { knownAddedTools } from '../environment/added-tools.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';
import { makeTurnContext } from '../turn/make-turn-context.ts';
import { toolsOf } from '../turn/ports/offered-tools.ts';
import type { ContextKind, ContextPart, ContextReport } from './report.ts';

const BYTES_PER_TOKEN = 4;

/** The parts of the request that would be sent now. */
export function contextReport(state: SessionState, services: SessionServices): ContextReport {
  const turn = makeTurnContext(state, services, { turnId: '', taskKind: 'regular', outputSchema: undefined });
  const { registry, names } = knownAddedTools(services, state);
  const specs = (of: readonly string[]) => specsFor(registry, [...of], turn).map((spec) => JSON.stringify(spec));
  const items = Map.groupBy(state.history.forPrompt(), kindOf);
  const texts = (kind: ContextKind, all: readonly string[]): ContextPart => {
    const bytes = all.reduce((sum, text) => sum + byteLength(text), 0);
    return { kind, bytes, tokens: Math.ceil(bytes / BYTES_PER_TOKEN) };
  };
  const parts = [
    texts('instructions', [turn.instructions]),
    texts('tools', specs(toolsOf(services, turn.model))),
    texts('mcpTools', specs(names)),
    ...CONVERSATION.map((kind) => partOf(kind, items.get(kind) ?? [])),
  ];
  return {
    type: 'context',
    parts: parts.filter(({ bytes }) => bytes > 0),
    countedTokens: state.history.contextTokens,
    window: turn.model.effectiveContextWindow,
  };
}

const CONVERSATION = ['context', 'userMessages', 'answers', 'reasoning', 'calls', 'outputs'] as const;

function partOf(kind: ContextKind, items: readonly ResponseItem[]): ContextPart {
  const bytes = items.reduce((sum, item) => sum + byteLength(JSON.stringify(item)), 0);
  return { kind, bytes, tokens: items.reduce((sum, item) => sum + estimateTokens(item), 0) };
}

function kindOf(item: ResponseItem): (typeof CONVERSATION)[number] {
  if (item.type === 'reasoning') return 'reasoning';
  if (isOutput(item)) return 'outputs';
  if (item.type !== 'message') return 'calls';
  if (item.role === 'assistant') return 'answers';
  return item.role === 'user' && !isContextMessage(item) ? 'userMessages' : 'context';
}
