import type { ApprovalRequest, SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { markInvisible, type Row, row, span } from '../../text/index.ts';
import { cutTo, diffOf, exactRows, prefixed, strippedCommand, textRows } from '../transcript/index.ts';
import { type ApprovalView, choicesOf, openField } from './approval.ts';
import { type FormField, formFields } from './form.ts';
import { openQuestion, placeOf } from './question.ts';

/** A question as rows: what would run, where, why, what it could touch, and the answers. */
export function approvalRows(view: ApprovalView, waiting: number, width: number, height: number): Row[] {
  const title = titleRows(view, waiting, width);
  const answers = view.denial === null ? choiceRows(view, width) : entryRows(view, view.denial, width);
  const around = [...factRows(view, width), ...ruleRows(view.request, width)];
  const room = Math.max(3, height - title.length - answers.length - around.length - 1);
  return [...title, ...bodyPart(view, bodyRows(view, width), { room, width }), ...around, [], ...answers];
}

/** The whole of what is asked about, for the full screen. */
export function approvalBody(view: ApprovalView, width: number): Row[] {
  return [
    ...titleRows(view, 1, width),
    ...bodyRows(view, width),
    ...factRows(view, width),
    ...ruleRows(view.request, width),
  ];
}

function titleRows(view: ApprovalView, waiting: number, width: number): Row[] {
  const { request, agent } = view;
  const what = {
    command: 'Run this command?',
    fileChange: 'Make this change?',
    mcpToolCall: 'Call this tool?',
    network: 'Let a command reach this host?',
    questions: 'The agent asks you',
    elicitation: 'Answer a question of an MCP server?',
    elicitationUrl: 'Open a page for an MCP server?',
  }[request.type];
  const who = agent === null ? '' : ` (asked by the subagent: ${agent})`;
  const more = waiting > 1 ? ` · ${waiting - 1} more ${waiting === 2 ? 'question waits' : 'questions wait'}` : '';
  return textRows(`${what}${placeOf(view)}${who}${more}`, width, { bold: true, role: 'accent' });
}

function bodyRows(view: ApprovalView, width: number): Row[] {
  const { request, cwd } = view;
  switch (request.type) {
    case 'command':
      return exactRows(markInvisible(commandText(request.command)), width);
    case 'fileChange':
      return diffOf(request.changes, { width, cwd });
    case 'mcpToolCall': {
      const text = `${request.server}.${request.tool}\n${JSON.stringify(request.arguments, null, 2) ?? ''}`;
      return exactRows(markInvisible(text), width);
    }
    case 'elicitation': {
      const fields = formFields(request.requestedSchema).map(
        ({ title, isRequired }) => `- ${title}${isRequired ? '' : ' (optional)'}`,
      );
      const text = [`${request.server} asks: ${request.message}`, ...fields].join('\n');
      return exactRows(markInvisible(text), width);
    }
    case 'elicitationUrl':
      return exactRows(markInvisible(`${request.server} asks: ${request.message}\n${request.url}`), width);
    case 'questions':
      return exactRows(markInvisible(openQuestion(view)?.question ?? ''), width);
    case 'network':
      return exactRows(markInvisible(`${request.host}:${request.port} (${request.protocol})`), width);
  }
}

/** The words as a shell would be given them. */
function commandText(words: readonly string[]): string {
  const [shell, flag, script, ...rest] = words;
  if (
    rest.length === 0 &&
    script !== undefined &&
    /(?:^|\/)(?:ba|z)?sh$/.test(shell ?? '') &&
    /^-l?c$/.test(flag ?? '')
  ) {
    return script;
  }
  return strippedCommand(
    words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' '),
  );
}

/** The end is visible first; rows above and below are counted. */
function bodyPart(
  { below }: ApprovalView,
  rows: readonly Row[],
  { room, width }: { readonly room: number; readonly width: number },
): Row[] {
  if (rows.length <= room) return [...rows];
  const shown = Math.max(1, room - 2);
  const end = rows.length - Math.min(below, rows.length - shown);
  const start = end - shown;
  const above = row(start === 0 ? '' : cutTo(`↑ ${start} more rows: PgUp, or Ctrl-A for all`, width), {
    role: 'muted',
  });
  const under = row(end === rows.length ? '' : cutTo(`↓ ${rows.length - end} more rows: PgDn`, width), {
    role: 'muted',
  });
  return [above, ...rows.slice(start, end), under];
}

function factRows({ request, policy }: ApprovalView, width: number): Row[] {
  const { reason } = request;
  const facts: (readonly [string, string])[] = [
    ...(reason === null ? [] : [['why', reason] as const]),
    ...(request.type === 'command' ? [['in', request.cwd] as const] : []),
    ...(request.type === 'elicitationUrl' ? [['host', new URL(request.url).host] as const] : []),
    ...(request.type === 'command' ? [['could touch', reach(policy, request.escalated, request.cwd)] as const] : []),
  ];
  return facts.flatMap(([label, value]) =>
    prefixed(textRows(value, width - 13), span(`${label.padEnd(12)} `, { role: 'muted' }), span(' '.repeat(13))),
  );
}

/** What a command can change and reach if it is allowed to run. */
function reach(policy: SandboxPolicy, isEscalated: boolean, cwd: string): string {
  if (isEscalated || policy.mode === 'danger-full-access')
    return 'everything that you can: files, keys, the network (no sandbox)';
  if (policy.mode === 'read-only') return 'no files, no network';
  const roots = [cwd, ...(policy.writable_roots ?? []), ...(policy.exclude_slash_tmp ? [] : ['/tmp'])];
  return `files in ${roots.join(', ')}; ${policy.network_access ? 'the network' : 'no network'}`;
}

function ruleRows(request: ApprovalRequest, width: number): Row[] {
  if (!('proposedRule' in request) || request.proposedRule === undefined) return [];
  const examples = request.proposedRule.wouldMatch.slice(0, 3).join(', ');
  if (examples === '') return [];
  const head = span(`${'p allows'.padEnd(12)} `, { role: 'muted' });
  return prefixed(textRows(examples, width - 13, { role: 'muted' }), head, span(' '.repeat(13)));
}

function choiceRows(view: ApprovalView, width: number): Row[] {
  return choicesOf(view).flatMap((choice, index) => {
    const isSelected = index === view.selected;
    const name = choice.key === 'escape' ? 'Esc' : choice.key;
    const keys = view.armed === choice.key ? `${name} again to confirm` : name;
    const label = markInvisible(choice.label);
    const isNumbered = choice.key === 'option' || choice.key === 'other';
    const style = isSelected ? ({ role: 'accent', bold: true } as const) : {};
    const sign = span(`${isSelected ? '›' : ' '} ${index + 1}. `, style);
    return prefixed(textRows(isNumbered ? label : `${label} (${keys})`, width - 5, style), sign, span('     '));
  });
}

/** What is being written, below what is asked for. */
function entryRows(view: ApprovalView, entry: string, width: number): Row[] {
  const text = textRows(entry, width - 2);
  const field = openField(view);
  const plain =
    view.request.type === 'questions'
      ? 'Your answer. Enter sends it; Esc goes back.'
      : 'What should it do instead? Enter sends, also nothing; Esc goes back.';
  const asked = field === null ? plain : fieldPrompt(field);
  return [
    ...textRows(asked, width, { role: 'muted' }),
    ...(view.fault === null ? [] : textRows(view.fault, width, { role: 'danger' })),
    ...prefixed(text, span('› ', { bold: true }), span('  ')),
  ];
}

/** What a field asks for, and which answers it takes. */
export function fieldPrompt(field: FormField): string {
  const words = field.description === null ? field.title : `${field.title}: ${field.description}`;
  return markInvisible(`${words.trim().replace(/[.?!]$/, '')}${hintOf(field)}`);
}

function hintOf({ choices, kind, fallback, isRequired }: FormField): string {
  const values =
    choices === null
      ? kind === 'boolean'
        ? 'yes or no'
        : null
      : choices.map((one, at) => `${at + 1} ${one}`).join(', ');
  const empty = fallback === null ? (isRequired ? null : 'empty: none') : `empty: ${String(fallback)}`;
  const hints = [values, empty].filter((hint) => hint !== null);
  return `${hints.length === 0 ? '' : ` (${hints.join('; ')})`}. Enter: next; Esc: back.`;
}
