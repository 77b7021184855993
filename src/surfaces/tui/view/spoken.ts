import { type Row, row } from '../../text/index.ts';
import type { State } from '../state.ts';
import { oneLine } from '../transcript/index.ts';
import { approvalRows, fieldPrompt, openField, openQuestion, pickerRows } from '../views/index.ts';
import { pagerRows } from './pager-rows.ts';

/** Rows of a dialog or list that is not cut to a screen. */
const ALL_ROWS = 1_000;

/** What changed below the transcript, as lines of their own: for screen readers and terminals that only take lines. */
export function spokenRows(before: State, after: State): Row[] {
  return [
    ...turnRows(before, after),
    ...waitRows(before, after),
    ...hintRows(before, after),
    ...questionRows(before, after),
    ...screenRows(before, after),
  ];
}

function turnRows(before: State, after: State): Row[] {
  if (before.thread === null && after.thread !== null) return [row('Ready. Write a message and press Enter.')];
  if (before.turn === null && after.turn !== null) return [row('Working.')];
  return before.turn !== null && after.turn === null ? [row('Done.')] : [];
}

/** Why nothing comes from the model. */
function waitRows({ turn: was }: State, { turn: now }: State): Row[] {
  const wait = now?.wait ?? null;
  return wait === null || wait === was?.wait ? [] : [row(oneLine(wait))];
}

function hintRows({ hint: was }: State, { hint: now }: State): Row[] {
  return now === null || now === was ? [] : [row(oneLine(now.text))];
}

function questionRows(before: State, after: State): Row[] {
  const [was] = before.approvals;
  const [now] = after.approvals;
  if (now === undefined) return [];
  const isModels = now.request.type === 'questions';
  const isNext = was !== undefined && openQuestion(was)?.id !== openQuestion(now)?.id;
  if (was?.request.questionId !== now.request.questionId || isNext) {
    const rows = approvalRows(now, after.approvals.length, after.size.columns, ALL_ROWS);
    return [
      ...(isModels ? [] : [row('Approval needed.')]),
      ...rows,
      row('Write the number or letter of your answer and press Enter.'),
    ];
  }
  if (was.armed !== now.armed && now.armed !== null) return [row(`Write ${now.armed} again to confirm.`)];
  const field = now.denial === null ? null : openField(now);
  if (field !== null && (was.denial === null || openField(was)?.name !== field.name)) return [row(fieldPrompt(field))];
  if (now.fault !== null && was !== now) return [row(now.fault)];
  if (was.denial === null && now.denial !== null)
    return [row(isModels ? 'Write your answer.' : 'What should it do instead? An empty line says nothing.')];
  return [];
}

function screenRows({ screen: was }: State, after: State): Row[] {
  const { screen: now, size } = after;
  if (now === null || now === was) return [];
  if (now.type === 'prompt') return was?.type === 'prompt' ? [] : [row(now.view.title)];
  if (now.type === 'pager') return was?.type === 'pager' ? [] : [...pagerRows(after, now.view)];
  return now.view.isLoading ? [] : pickerRows(now.view, size.columns, ALL_ROWS);
}
