import { CALL_OUTCOMES, type EventRecord, type ResponseItem, type StepRecord } from '../../foundation/protocol/index.ts';

type Check = (value: unknown) => boolean;

interface Field {
  readonly key: string;
  readonly check: Check;
  readonly isOptional: boolean;
}

const must = (key: string, check: Check): Field => ({ key, check, isOptional: false });
const may = (key: string, check: Check): Field => ({ key, check, isOptional: true });
const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || typeof value === 'string';
const isOneOf =
  (...texts: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && texts.includes(value);

const TEXT = [must('type', isOneOf('input_text', 'output_text')), must('text', isText)];
const isTexts: Check = (value) => Array.isArray(value) && value.every((part) => hasFields(part, TEXT));

/** Facts with more than the outcome are rare. */
const FACTS = [must('outcome', isOneOf(...CALL_OUTCOMES))];
const isCallFacts: Check = (value) => hasFields(value, FACTS);

/** In the order of the schemas in `foundation/protocol/response-item.ts`, which is that of what they give back. */
const FORMS: ReadonlyMap<unknown, readonly Field[]> = new Map([
  [
    'message',
    [
      must('type', isText),
      may('id', isTextOrNull),
      must('role', isText),
      must('content', isTexts),
      may('phase', isTextOrNull),
      may('response', isText),
    ],
  ],
  [
    'function_call',
    [
      must('type', isText),
      may('id', isTextOrNull),
      must('name', isText),
      must('arguments', isText),
      must('call_id', isText),
      may('response', isText),
    ],
  ],
  [
    'function_call_output',
    [must('type', isText), must('call_id', isText), must('output', isText), may('facts', isCallFacts)],
  ],
]);

/**
 * Whether a recorded value is an item in one of the plain forms that nearly all of a long thread has: what the schema would give
 * back as it is. It takes a tenth of the schema's time, of which a third of a resume consisted. For any other value the
 * schema decides.
 */
export function isPlainItem(value: unknown): value is ResponseItem {
  const form = isRecord(value) ? FORMS.get(value['type']) : undefined;
  return form !== undefined && hasFields(value, form);
}

/** Events whose schema passes everything on as it is, and which nearly every turn has. */
const PLAIN_EVENTS = new Set<unknown>([
  'user_message',
  'agent_message',
  'task_started',
  'task_complete',
  'turn_aborted',
]);

/** Whether a recorded value is an event that the schema would give back as it is, as {@link isPlainItem} says it of items. */
export function isPlainEvent(value: unknown): value is EventRecord {
  return isRecord(value) && PLAIN_EVENTS.has(value['type']);
}

const STEP = [
  must('turn', isText),
  must('id', isText),
  must('kind', isOneOf('sampling', 'tool', 'compact', 'mcp', 'io', 'external', 'input', 'race')),
  must('state', isOneOf('begin', 'end')),
  must('version', (value) => typeof value === 'number'),
  may('value', () => true),
  may('asks', () => true),
];

/** Whether a recorded value is a step that the schema would give back as it is. */
export function isPlainStep(value: unknown): value is StepRecord {
  return hasFields(value, STEP);
}

/** Whether it has these fields and no others, in this order. */
function hasFields(value: unknown, fields: readonly Field[]): boolean {
  if (!isRecord(value)) return false;
  let at = 0;
  for (const key of Object.keys(value)) {
    while (fields[at]?.key !== key) {
      if (fields[at]?.isOptional !== true) return false;
      at += 1;
    }
    if (fields[at]?.check(value[key]) !== true) return false;
    at += 1;
  }
  for (; at < fields.length; at += 1) if (fields[at]?.isOptional !== true) return false;
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
