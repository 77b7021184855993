import { planNote, verifyNote } from '../context/index.ts';
import type { ResponseItem } from '../protocol/index.ts';
import type { TurnPorts } from '../turn/index.ts';
import type { ActiveTurn } from './active-turn.ts';
import type { SessionServices } from './session-services.ts';
import type { SessionState } from './session-state.ts';
import { toolsOf } from './turn-tools.ts';

/** What runs commands: without one of them nothing can be checked. */
const RUNNERS = ['exec_command', 'shell_command', 'shell'];
/** A last message that says why nothing was checked is answer enough. */
const SAYS_WHY =
  /\b(?:no (?:tests?|checks?)\b|(?:not|never|n't|nothing) (?:be )?(?:run|ran|check|checked|test|tested|verif)|untested|unverified|cannot (?:run|test|check|verify))/i;

export interface FinishGateParts {
  readonly services: SessionServices;
  readonly state: SessionState;
  readonly active: ActiveTurn;
}

/** What a turn that would end is asked, from what keel saw it do; null where the user asked for no such thing. */
export function finishGate({ services, state, active }: FinishGateParts): TurnPorts['finishGate'] {
  const { config, source } = services;
  const { context } = active;
  const mode = config.verifyBeforeFinish;
  const isOn = mode === 'always' || (mode === 'exec' && source === 'exec');
  if (!isOn || context.taskKind !== 'regular' || services.persona) return null;
  const canCheck = toolsOf(services, context.model).some((name) => RUNNERS.includes(name));
  const begin = state.facts.place;
  return (lastMessage) => {
    const { uncheckedFiles, openSteps } = state.facts.since(begin);
    const isUnchecked = canCheck && uncheckedFiles.length > 0 && !SAYS_WHY.test(lastMessage ?? '');
    const notes: ResponseItem[] = [];
    if (isUnchecked) notes.push(verifyNote({ files: uncheckedFiles, check: state.facts.lastCheck?.command ?? null }));
    if (openSteps.length > 0) notes.push(planNote(openSteps));
    return notes;
  };
}
