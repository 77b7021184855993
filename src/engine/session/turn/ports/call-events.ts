import type { SessionEvent } from '../../../../foundation/protocol/index.ts';
import type { TurnEvents } from '../../../../tools/index.ts';
import type { TurnRecorder } from '../turn-recorder.ts';

/** The events of one call as its tool reports them; `report` gets each in order. */
export function callEvents(
  recorder: Pick<TurnRecorder, 'hasPlan'>,
  turnId: string,
  report: (event: SessionEvent) => void,
): TurnEvents {
  return {
    itemStarted: (item) => report({ type: 'item.started', turnId, item }),
    itemUpdated: (item) => report({ type: 'item.updated', turnId, item }),
    itemCompleted: (item) => report({ type: 'item.completed', turnId, item }),
    delta: (delta) => report({ type: 'item.delta', turnId, ...delta }),
    planUpdated(explanation, steps) {
      const item = { type: 'plan' as const, id: `${turnId}-plan`, explanation, steps: [...steps] };
      report({ type: recorder.hasPlan ? 'item.updated' : 'item.started', turnId, item });
    },
    warning: (message) => report({ type: 'warning', turnId, message }),
  };
}
