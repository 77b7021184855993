import type { AgentOutcome } from '../../../tools/index.ts';

type Refused = Extract<AgentOutcome, { type: 'refused' }>;

/** An answer to the model where there can be no subagent: one line, with what to do instead. */
export function refused(message: string): Refused {
  return { type: 'refused', message };
}

export const NO_AGENTS = refused('no helper agents can be started here: do the work yourself');
export const STOPPED = refused('the turn was stopped before the helper began');

export function unknownRole(name: string, known: readonly string[]): Refused {
  return refused(`there is no agent_type ${shown(name)}: it is one of ${known.join(', ')}`);
}

export function unknownAgent(id: string, open: readonly string[]): Refused {
  return refused(`there is no helper ${shown(id)}${open.length === 0 ? '' : `: there are ${open.join(', ')}`}`);
}

export function closedAgent(id: string): Refused {
  return refused(`${shown(id)} is closed: start another helper`);
}

/** `done`: those that are open and do not work. */
export function tooMany(max: number, done: readonly string[]): Refused {
  const which = done.length === 0 ? 'wait for one to finish' : `close one that is done (${done.join(', ')})`;
  return refused(`${max} helper agents are open and no more may be: ${which}`);
}

/** A name that a model made up, on one line and bounded. */
function shown(name: string): string {
  return JSON.stringify(
    name
      .slice(0, 60)
      .toWellFormed()
      .replaceAll(/\p{Cc}+/gu, ' '),
  );
}
