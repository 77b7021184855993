import type { ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import { markdownRows, type Role, type Row, row, span } from '../../text/index.ts';
import { changeRows, shownPath } from './change-rows.ts';
import { commandRows, withoutMiddle } from './command-rows.ts';
import { ASKING, type ItemEntry } from './entry.ts';
import { exactRows, oneLine, prefixed, textRows } from './lines.ts';
import { ASKED, type CallState, isAsked, type Shape } from './shape.ts';

/** Rows of a result that are shown. */
const RESULT_ROWS = 5;
const VERBS = { asked: ASKED, running: 'Calling', done: 'Called' } as const;
const MESSAGE_SIGN = '› ';
const BULLET = span('• ', { role: 'muted' });
const INDENT = span('  ');

/** An item of the thread in rows. */
export function itemRows(entry: ItemEntry, shape: Shape): Row[] {
  const { item, isDone, live } = entry;
  const { width } = shape;
  const state = isDone ? 'done' : isAsked(item.id, shape) ? 'asked' : 'running';
  switch (item.type) {
    case 'userMessage':
      return userRows(item, width);
    case 'agentMessage':
      return answerRows(isDone ? item.text : live, width, item.interrupted === true);
    case 'reasoning':
      return reasoningRows(item, isDone ? null : live, width);
    case 'commandExecution':
      return commandRows({ ...entry, item }, state, shape);
    case 'fileChange':
      return changeRows(item, state, shape);
    case 'mcpToolCall':
      return mcpRows(item, state, shape);
    case 'webSearch':
      return said(isDone ? 'Searched the web' : 'Searching the web', item.query, width);
    case 'toolCall':
      return item.tool === ASKING ? askedRows(item, width) : said(item.tool, item.arguments, width);
    case 'imageView':
      return said('Viewed image', shownPath(item.path, shape.cwd), width);
    case 'imageGeneration':
      return said(isDone ? 'Made a picture' : 'Making a picture', item.prompt, width);
    case 'plan':
      return planRows(item, width);
    case 'contextCompaction':
      return said(isDone ? 'Compacted the conversation' : 'Compacting the conversation', '', width);
    case 'budgetExceeded':
      return prefixed(textRows(item.message, width - 2, { role: 'warning' }), span('⚠ ', { role: 'warning' }), INDENT);
    case 'enteredReviewMode':
      return said('Review started', item.review, width, 'accent');
    case 'exitedReviewMode':
      return reviewRows(item, shape);
    case 'undo':
      return said(item.status === 'completed' ? 'Undone' : 'Undo', item.message, width);
    case 'collabAgentToolCall':
      return agentRows(item, width);
    default:
      return assertNever(item, 'thread item');
  }
}

/** What the model asked, once there is an answer or none will come: until then the dialog shows it. */
function askedRows({ tool, status, answer, reason }: ThreadItemOf<'toolCall'>, width: number): Row[] {
  if (status === 'inProgress') return said('Asking you', '', width);
  if (status === 'failed') return said('Failed', `${tool}: ${reason ?? ''}`, width);
  if (answer === undefined) return said('Asked you', reason ?? status, width);
  const rows = prefixed(textRows(answer, width - 4), span('  └ ', { role: 'muted' }), span('    '));
  return [...said('Asked you', '', width), ...rows];
}

/** Whether a row is the first one of a message of the user's. */
export function isMessageStart([first]: Row): boolean {
  return first?.style.isPrompt === true;
}

/** What the user said, on the tint of the composer. */
function userRows({ content }: ThreadItemOf<'userMessage'>, width: number): Row[] {
  const text = content.map((part) =>
    part.type === 'text' ? part.text : part.type === 'image' ? '[image]' : `[${part.path}]`,
  );
  const rows = textRows(text.join('\n'), width - 2, { role: 'user' });
  const fill = span('', { role: 'user' });
  const sign = span(MESSAGE_SIGN, { role: 'user', bold: true, isPrompt: true });
  return prefixed(rows, sign, span('  ', { role: 'user' })).map((one) => [...one, fill]);
}

/** The model's thoughts, without the heading that the status line showed; those that are only a heading are left out. */
function reasoningRows({ summary, content }: ThreadItemOf<'reasoning'>, live: string | null, width: number): Row[] {
  if (live !== null) return [];
  const text = (summary.length > 0 ? summary : content).map((part) =>
    part.replace(/^\s*\*\*[^*\n]+\*\*\s*/, '').trim(),
  );
  const shown = text.filter((part) => part !== '').join('\n\n');
  if (shown === '') return [];
  return prefixed(textRows(shown, width - 2, { role: 'muted', italic: true }), BULLET, INDENT);
}

function planRows({ explanation, steps }: ThreadItemOf<'plan'>, width: number): Row[] {
  const note = explanation ? textRows(explanation, width - 4, { role: 'muted', italic: true }) : [];
  const marks = {
    completed: ['✔ ', { role: 'muted', strike: true }],
    in_progress: ['□ ', { role: 'accent', bold: true }],
    pending: ['□ ', { role: 'muted' }],
  } as const;
  const lines = steps.flatMap(({ step, status }) => {
    const [mark, style] = marks[status];
    const sign = span(mark, status === 'in_progress' ? { role: 'accent', bold: true } : { role: 'muted' });
    return prefixed(textRows(oneLine(step), width - 6, style), sign, INDENT);
  });
  const body = [...note, ...(steps.length === 0 ? [row('(no steps)', { role: 'muted' })] : lines)];
  return [
    [BULLET, span('Updated Plan', { bold: true })],
    ...prefixed(body, span('  └ ', { role: 'muted' }), span('    ')),
  ];
}

function mcpRows(item: ThreadItemOf<'mcpToolCall'>, state: CallState, { width, isFull }: Shape): Row[] {
  const isDone = state === 'done';
  const isFailed = item.error !== null || (isDone && item.status !== 'completed');
  const role: Role = !isDone ? 'accent' : isFailed ? 'danger' : 'success';
  const call = oneLine(`${item.server}.${item.tool}(${JSON.stringify(item.arguments) ?? ''})`);
  const verb = VERBS[state];
  const head: Row = [span('• ', { role }), span(verb, { bold: true })];
  const isShort = verb.length + call.length + 3 <= width;
  const first: Row[] = isShort
    ? [[...head, span(` ${call}`)]]
    : [head, ...prefixed(exactRows(call, width - 4), span('  └ ', { role: 'muted' }), span('    '))];
  if (!isDone) {
    if (item.progress === undefined) return first;
    const shown = textRows(oneLine(item.progress), width - 4, { role: 'muted' }).slice(0, 1);
    return [...first, ...prefixed(shown, span(isShort ? '  └ ' : '    ', { role: 'muted' }), span('    '))];
  }
  const text = item.error === null ? (item.result?.content ?? []).map(contentText).join('\n') : item.error.message;
  if (text.trim() === '') return first;
  const rows = textRows(text.trimEnd(), width - 4, { role: item.error === null ? 'muted' : 'danger' });
  const shown = isFull ? rows : withoutMiddle(rows, RESULT_ROWS);
  return [...first, ...prefixed(shown, span(isShort ? '  └ ' : '    ', { role: 'muted' }), span('    '))];
}

/** A part of a server's result; what is no text has its name in its place. */
function contentText(part: unknown): string {
  if (typeof part !== 'object' || part === null || !('type' in part)) return JSON.stringify(part) ?? '';
  if (part.type === 'text' && 'text' in part && typeof part.text === 'string') return part.text;
  if (part.type === 'resource_link' && 'uri' in part && typeof part.uri === 'string') return `<link: ${part.uri}>`;
  return `<${String(part.type)}>`;
}

function reviewRows({ review, output }: ThreadItemOf<'exitedReviewMode'>, { width, cwd }: Shape): Row[] {
  const head: Row = [span('• ', { role: 'accent' }), span('Review finished', { bold: true, role: 'accent' })];
  if (output === null) return [head, ...prefixed(textRows(review, width - 2), INDENT, INDENT)];
  const findings = output.findings.flatMap(
    ({ title, body, code_location: { absolute_file_path: path, line_range: lines } }) => [
      [],
      ...prefixed(textRows(oneLine(title), width - 4, { bold: true }), span('- '), INDENT),
      ...prefixed(
        textRows(`${shownPath(path, cwd)}:${lines.start}-${lines.end}`, width - 4, { role: 'accent' }),
        INDENT,
        INDENT,
      ),
      ...prefixed(textRows(body, width - 4), INDENT, INDENT),
    ],
  );
  return [head, ...prefixed([...textRows(output.overall_explanation, width - 2), ...findings], INDENT, INDENT)];
}

function agentRows({ tool, status, prompt, agentsStates }: ThreadItemOf<'collabAgentToolCall'>, width: number): Row[] {
  const verbs = {
    spawnAgent: 'Subagent',
    sendInput: 'To a subagent',
    wait: 'Waited for',
    closeAgent: 'Closed',
  } as const;
  const role: Role = status === 'inProgress' ? 'accent' : status === 'completed' ? 'success' : 'danger';
  const head = prefixed(
    textRows(`${verbs[tool]} ${oneLine(prompt ?? '').slice(0, 300)}`, width - 2),
    span('• ', { role }),
    INDENT,
  );
  const states = Object.entries(agentsStates).flatMap(([id, { status: state, message, name }]) => {
    const first = message === null ? '' : `: ${oneLine(message).slice(0, 200)}`;
    return textRows(`${oneLine(name ?? id.slice(-8))} ${state}${first}`, width - 4, { role: 'muted' });
  });
  return [...head, ...prefixed(states, span('  └ ', { role: 'muted' }), span('    '))];
}

function said(verb: string, what: string, width: number, role: Role = 'muted'): Row[] {
  const rows = textRows(what === '' ? verb : `${verb}: ${oneLine(what)}`, width - 2);
  return prefixed(rows, span('• ', { role }), INDENT).map((one, index) => {
    const [sign, text, ...rest] = one;
    if (index > 0 || sign === undefined || text === undefined) return one;
    return [sign, span(text.text.slice(0, verb.length), { bold: true }), span(text.text.slice(verb.length)), ...rest];
  });
}

/** What the model says, as Markdown. It has no sign before it, so that it copies as it is. */
function answerRows(text: string, width: number, isInterrupted: boolean): Row[] {
  const rows = markdownRows(text, width);
  return isInterrupted ? [...rows, row('(interrupted)', { role: 'muted' })] : rows;
}
