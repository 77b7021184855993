import { type Role, type Row, row, span } from '../../text/index.ts';
import { elapsed } from '../figures.ts';
import type { State, Subagent } from '../state.ts';
import { oneLine, prefixed, textRows } from '../transcript/index.ts';

/** Rows of a task that are shown. */
const TASK_ROWS = 3;
const SIGNS: Readonly<Record<Subagent['status'], readonly [sign: string, role: Role]>> = {
  running: ['●', 'accent'],
  completed: ['✔', 'success'],
  failed: ['✗', 'danger'],
  interrupted: ['✗', 'warning'],
  closed: ['○', 'muted'],
};

/** Those that wait for the user first, then all of them in the order in which they were started. */
export function agentsRows(state: State): Row[] {
  const { approvals, agents, size } = state;
  const waiting = approvals.flatMap(({ agent, request }) => (agent === null ? [] : [{ agent, request }]));
  if (waiting.length === 0 && agents.length === 0) return [row('This thread has no subagents.', { role: 'muted' })];
  const asked = waiting.flatMap(({ agent, request }) => {
    const what = request.type === 'command' ? request.command.join(' ') : request.type;
    const text = `${oneLine(agent)} waits for you: ${oneLine(what)}`;
    return prefixed(textRows(text, size.columns - 2, { role: 'warning' }), span('? ', { role: 'warning' }), span('  '));
  });
  const how = row('q closes this; the question is below the conversation.', { role: 'muted' });
  return [
    ...(asked.length === 0 ? [] : [...asked, how, []]),
    ...agents.flatMap((agent) => [...agentRows(agent, state), []]),
  ];
}

function agentRows(agent: Subagent, { now, size }: State): Row[] {
  const { id, name, model, status, task, message, startedAt, endedAt } = agent;
  const [sign, role] = SIGNS[status];
  const time = startedAt === null ? '' : ` · ${elapsed((endedAt ?? now) - startedAt)}`;
  const head: Row = [
    span(`${sign} `, { role }),
    span(oneLine(name ?? id.slice(-8)), { bold: true }),
    span(`  ${status}${time}${model === null ? '' : ` · ${oneLine(model)}`}`, { role: 'muted' }),
  ];
  const lines = task === null ? [] : textRows(oneLine(task), size.columns - 4).slice(0, TASK_ROWS);
  const said =
    message === null ? [] : textRows(oneLine(message), size.columns - 4, { role: 'muted' }).slice(0, TASK_ROWS);
  return [
    head,
    ...prefixed(lines, span('    '), span('    ')),
    ...prefixed(said, span('  └ ', { role: 'muted' }), span('    ')),
  ];
}
