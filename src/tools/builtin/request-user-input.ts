import * as z from 'zod/mini';
import { UserQuestion } from '../../foundation/protocol/index.ts';
import { byteLength, cutBytesEnd, MAX_OUTPUT_BYTES, monotonicMs } from '../../foundation/util/index.ts';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
  type UserAnswers,
} from '../contract/index.ts';

const MAX_QUESTIONS = 3;
const MIN_OPTIONS = 2;
const MAX_OPTIONS = 4;
/** Letters, as a dialog has room for. */
const LONGEST = { header: 60, question: 500, label: 100, description: 300 } as const;
/** To one question. */
const MAX_ANSWERS = 5;
/** Of all answers as JSON, UTF-8 bytes; ids and brackets have the rest of an output, so that the JSON is never cut. */
const MAX_ANSWER_BYTES = MAX_OUTPUT_BYTES - 1_024;
const CUT = '… (cut)';

const questionArguments = z.object({
  questions: z.array(UserQuestion).check(
    z.minLength(1),
    z.maxLength(MAX_QUESTIONS),
    z.refine((questions) => new Set(questions.map(({ id }) => id)).size === questions.length, {
      error: 'questions with an id of their own each',
    }),
    z.refine((questions) => questions.every(({ id }) => isId(id)), {
      error: 'questions whose id has 1 to 64 letters, digits, - or _, and is no name that every object has',
    }),
    z.refine((questions) => questions.every(isWhole), {
      error: `questions with id, header and question, and ${MIN_OPTIONS} to ${MAX_OPTIONS} options with different labels`,
    }),
    z.refine((questions) => questions.every(isShort), {
      error: `at most ${LONGEST.header} letters in a header, ${LONGEST.question} in a question, ${LONGEST.label} in a label, ${LONGEST.description} in a description`,
    }),
  ),
});

const spec = functionSpec({
  name: 'request_user_input',
  description:
    'Ask the user one to three short questions, and wait for the answers. Only where the answer decides what you do next and the files do not show it.',
  required: ['questions'],
  properties: {
    questions: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'header', 'question', 'options'],
        properties: {
          id: described(textSchema, 'Names the answer, e.g. database.'),
          header: described(textSchema, 'A word or two.'),
          question: described(textSchema, 'One sentence.'),
          options: described(
            {
              type: 'array',
              items: {
                type: 'object',
                required: ['label', 'description'],
                properties: { label: textSchema, description: described(textSchema, 'What it would mean.') },
                additionalProperties: false,
              },
            },
            'Two to four that exclude each other, the best one first. The user can also answer in their own words.',
          ),
        },
        additionalProperties: false,
      },
    },
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(questionArguments),
  parallel: false,
  repeat: 'safe',
  async run(call, { askUser, events }, signal) {
    const text = argumentsText(call);
    const parsed = parseArguments(text, questionArguments);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { questions } = parsed.value;
    const item = { type: 'toolCall', id: call.callId, tool: call.name, arguments: text } as const;
    const startedAt = monotonicMs();
    events.itemStarted({ ...item, status: 'inProgress', durationMs: null });
    const answers = await askUser(questions, signal);
    if (signal.aborted) return failedOutput('aborted');
    const durationMs = Math.round(monotonicMs() - startedAt);
    if (answers === null) {
      events.itemCompleted({ ...item, status: 'declined', durationMs, reason: 'not answered' });
      return failedOutput('The user gave no answer. Decide yourself, and say what you assumed.');
    }
    const given = bounded(questions, answers);
    events.itemCompleted({ ...item, status: 'completed', durationMs, answer: answerLines(questions, given) });
    const outputs = Object.entries(given).map(([id, list]) => [id, { answers: list }] as const);
    return { body: JSON.stringify({ answers: Object.fromEntries(outputs) }), success: true };
  },
};

/** `request_user_input`: asks the user. It has no effect, so that it is simply asked again after a crash. */
export const requestUserInputTool: Tool = { name: spec.name, spec, handler };

function isWhole({ id, header, question, options }: UserQuestion): boolean {
  const labels = options.map(({ label }) => label.trim());
  const areWhole = [id, header, question, ...labels].every((text) => text.trim() !== '');
  const count = new Set(labels).size;
  return areWhole && count === labels.length && count >= MIN_OPTIONS && count <= MAX_OPTIONS;
}

function isId(id: string): boolean {
  return /^[\w-]{1,64}$/.test(id) && !Object.hasOwn(Object.prototype, id);
}

function isShort({ header, question, options }: UserQuestion): boolean {
  const areShort = options.every(
    ({ label, description }) => label.length <= LONGEST.label && description.length <= LONGEST.description,
  );
  return areShort && header.length <= LONGEST.header && question.length <= LONGEST.question;
}

/** Only answers to what was asked. Where they are too long together, each has the same room. */
function bounded(questions: readonly UserQuestion[], answers: UserAnswers): UserAnswers {
  const given = questions.flatMap(({ id }) => {
    const list = answersTo(id, answers);
    return list.length === 0 ? [] : [[id, list.slice(0, MAX_ANSWERS)] as const];
  });
  const all = given.flatMap(([, list]) => list);
  const sum = all.reduce((bytes, text) => bytes + jsonBytes(text), 0);
  const room = sum <= MAX_ANSWER_BYTES ? sum : Math.floor(MAX_ANSWER_BYTES / all.length);
  return Object.fromEntries(given.map(([id, list]) => [id, list.map((text) => cutAnswer(text, room))]));
}

/** The beginning of a text that takes at most `room` bytes as JSON, with a mark where the rest is missing. */
function cutAnswer(text: string, room: number): string {
  if (jsonBytes(text) <= room) return text;
  let cut = cutBytesEnd(text, room - byteLength(CUT));
  // Quotes, line ends and the like take more as JSON than they do as text.
  for (let over = jsonBytes(cut + CUT) - room; over > 0; over = jsonBytes(cut + CUT) - room) {
    cut = cutBytesEnd(cut, byteLength(cut) - Math.ceil(over / 6));
  }
  return cut + CUT;
}

function jsonBytes(text: string): number {
  return byteLength(JSON.stringify(text));
}

function answersTo(id: string, answers: UserAnswers): readonly string[] {
  return (Object.hasOwn(answers, id) ? answers[id] : undefined) ?? [];
}

function answerLines(questions: readonly UserQuestion[], answers: UserAnswers): string {
  return questions.map(({ id, header }) => `${header}: ${answersTo(id, answers).join(', ') || 'no answer'}`).join('\n');
}
