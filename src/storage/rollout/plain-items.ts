import { CALL_OUTCOMES, type ResponseItem } from '../../foundation/protocol/index.ts';

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
const isType =
  (type: string): Check =>
  (value) =>
    value === type;

const TEXTS: readonly (readonly Field[])[] = ['input_text', 'output_text'].map((type) => [
  must('type', isType(type)),
  must('text', isText),
]);
const isTexts: Check = (value) =>
  Array.isArray(value) && value.every((part) => TEXTS.some((fields) => hasFields(part, fields)));

/** Facts with more than the outcome are rare. */
const isCallFacts: Check = (value) => hasFields(value, [must('outcome', isOutcome)]);
const isOutcome: Check = (value) => CALL_OUTCOMES.some((outcome) => outcome === value);

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
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  const form = FORMS.get(value.type);
  return form !== undefined && hasFields(value, form);
}

/** Whether it has these fields and no others, in this order. */
function hasFields(value: unknown, fields: readonly Field[]): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  let at = 0;
  for (const [key, content] of Object.entries(value)) {
    while (fields[at]?.key !== key) {
      if (fields[at]?.isOptional !== true) return false;
      at += 1;
    }
    if (fields[at]?.check(content) !== true) return false;
    at += 1;
  }
  return fields.slice(at).every(({ isOptional }) => isOptional);
}
