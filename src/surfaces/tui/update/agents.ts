import type { ThreadItem } from '../../../foundation/protocol/index.ts';
import type { Subagent } from '../state.ts';

const ENDED: ReadonlySet<Subagent['status']> = new Set<Subagent['status']>([
  'completed',
  'failed',
  'interrupted',
  'closed',
]);

/** The subagents after what a call reports of them. @param at monotonic ms; null: it was recorded earlier */
export function withAgents(agents: readonly Subagent[], item: ThreadItem, at: number | null): readonly Subagent[] {
  if (item.type !== 'collabAgentToolCall') return agents;
  let next = agents;
  for (const [id, { status, message, name, model }] of Object.entries(item.agentsStates)) {
    const known = next.find((agent) => agent.id === id);
    const task = item.tool === 'spawnAgent' ? item.prompt : (known?.task ?? null);
    const endedAt = ENDED.has(status) ? (known?.endedAt ?? at) : null;
    const agent: Subagent = {
      ...{ id, status, task, endedAt },
      name: name ?? known?.name ?? null,
      model: model ?? known?.model ?? null,
      message: message ?? known?.message ?? null,
      startedAt: known === undefined ? at : known.startedAt,
    };
    next = known === undefined ? [...next, agent] : next.map((one) => (one === known ? agent : one));
  }
  return next;
}
