import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs, onAbort } from '../../../../foundation/util/index.ts';
import type { ToolSpec } from '../../../../models/prompt/index.ts';
import {
  abortedOutput,
  BEHIND_UNKNOWN,
  CallGate,
  LoopWatch,
  NOT_BEGUN,
  outputItem,
  specsFor,
  type ToolOutput,
  toolCallOf,
} from '../../../../tools/index.ts';
import type { StepRunner } from '../../../steps/index.ts';
import type { RunCall, TurnTools } from '../../../turn/index.ts';
import type { AddedTools } from '../../environment/added-tools.ts';
import { shortForm } from '../../thread/interrupted-turn.ts';
import type { ActiveTurn } from '../active-turn.ts';
import type { TurnDeps } from '../turn-deps.ts';
import { toolsOf } from './offered-tools.ts';
import { toolBase } from './tool-base.ts';
import { TurnCalls } from './turn-calls.ts';

/** How long a cancelled call can take to word its end, less than the turn itself has. */
const CALL_GRACE_MS = 60;

export interface TurnToolsOptions {
  readonly steps: StepRunner;
  /** What the program and servers add to the tools of the turn. */
  readonly added: AddedTools;
  /** Awaited before each call that can change files. */
  readonly beforeChange: () => Promise<void>;
  /** Whether an earlier process began the turn, where somebody may have answered questions of the model. */
  readonly continues: boolean;
}

/** The tools of one turn: which the model is offered, its calls in their order, and the diff of what they change. */
export function openTurnTools(
  deps: TurnDeps,
  active: ActiveTurn,
  { steps, added, beforeChange, continues }: TurnToolsOptions,
): TurnTools {
  const { services, state } = deps;
  const { context: turn, window } = active;
  const { registry, deferred } = added;
  const shown = active.tools ?? [...toolsOf(services, turn.model), ...added.names];
  // A call of an earlier process keeps its answer, also where nobody is asked now.
  const answered = toolsOf({ ...services, asksQuestions: services.asksQuestions || continues }, turn.model);
  const specs = growingSpecs(
    () => state.facts.foundTools,
    (found) => {
      const all = specsFor(registry, [...shown, ...found.filter((name) => deferred.includes(name))], turn);
      window.offer(all);
      return all;
    },
  );
  const watch = new LoopWatch(turn.noteMark);
  const base = toolBase(deps, active);
  const offered = [...answered, ...added.names, ...deferred];
  const calls = new TurnCalls(deps, active, { steps, registry, offered, base });

  function openBatch(): RunCall {
    const gate = new CallGate();
    return async (item, options) => {
      const call = toolCallOf(item);
      const known = calls.recalled(item, options.key);
      if (known !== null) return outputItem(item, watch.note(call, await calls.hooked.after(call, known, options)));
      if (options.earlier.some((key) => services.toolHost.isLost(key))) return outputItem(item, BEHIND_UNKNOWN);
      const mode = calls.handlerOf(call)?.parallel ? 'shared' : 'exclusive';
      const work = gate.run(mode, options.signal, async () => {
        if (calls.canChangeFiles(call) || services.hooks?.calls) await beforeChange();
        if (options.signal.aborted) return null;
        active.calls.set(options.key, shortForm(item));
        return calls.run(call, options);
      });
      const output = await orAborted(work, options.signal);
      if (!options.signal.aborted) active.calls.delete(options.key);
      return outputItem(item, watch.note(call, output));
    };
  }

  return {
    get specs() {
      return specs();
    },
    repeat: (call) => calls.repeatOf(toolCallOf(call)),
    openBatch,
    takeDiff: () => base.diff.takeUnifiedDiff(),
  };
}

/** The specs of a turn, made again only when the model has found further tools: these follow the others. */
function growingSpecs(
  foundNow: () => readonly string[],
  make: (found: readonly string[]) => readonly ToolSpec[],
): () => readonly ToolSpec[] {
  let count = -1;
  let specs: readonly ToolSpec[] = [];
  return () => {
    const found = foundNow();
    if (found.length !== count) {
      count = found.length;
      specs = make(found);
    }
    return specs;
  };
}

/** A call that is cancelled gets a moment to say how far it came; then its output says that it was cut off. */
async function orAborted(work: Promise<ToolOutput | null>, signal: AbortSignal): Promise<ToolOutput> {
  const startedAt = monotonicMs();
  const cancelled = Promise.withResolvers<ToolOutput>();
  using _listener = onAbort(
    signal,
    () => void delay(CALL_GRACE_MS).then(() => cancelled.resolve(abortedOutput(monotonicMs() - startedAt))),
  );
  return (await Promise.race([work, cancelled.promise])) ?? NOT_BEGUN;
}
