import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { ConversationHistory } from '../../../../src/context/history/index.ts';
import type { Prompt } from '../../../../src/models/prompt/index.ts';
import { roundItems, turn, user } from './random-threads.ts';
import { bodyOf, clientFor, SPEAKERS } from './support.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const TYPES = { responses: 'Responses', chat: 'Chat', anthropic: 'Messages' } as const;

const HEAD = `
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
type Responses = OpenAI.Responses.ResponseCreateParamsStreaming;
type Chat = OpenAI.ChatCompletionCreateParamsStreaming;
type Messages = Anthropic.MessageCreateParamsStreaming;
`;

const parameters = {
  type: 'object',
  properties: { path: { type: 'string', description: 'where' } },
  required: ['path'],
  additionalProperties: false,
} as const;
const EVERYTHING: Partial<Prompt> = {
  tools: [
    { type: 'function', name: 'read', description: 'reads', strict: false, parameters },
    {
      type: 'custom',
      name: 'apply_patch',
      description: 'edits',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
    },
  ],
  parallelToolCalls: true,
  outputSchema: parameters,
};

/** Without what servers of the Chat Completions API add to it. */
const PUBLISHED = SPEAKERS.map(({ rules: _, ...speaker }) => ({
  ...speaker,
  quirks: { ...speaker.quirks, reasoningField: 'omitted', extraFields: 'omitted' } as const,
}));

/** Fields that the types want of every input and that the API does without: it keeps no response, so there are no ids to name. */
function withDefaults(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value)) return value;
  const isAnswer = value.type === 'message' && 'role' in value && value.role === 'assistant';
  if (isAnswer) return { id: 'msg_1', status: 'completed', ...value };
  if (value.type === 'input_image') return { detail: 'auto', ...value };
  return value.type === 'output_text' ? { annotations: [], ...value } : value;
}

/** The requests of every speaker for a prompt, as constants of the API's published type. */
function declarations(prompts: readonly Partial<Prompt>[]): string {
  const lines = prompts.flatMap((prompt, at) =>
    PUBLISHED.map((speaker) => {
      const body = JSON.stringify(JSON.parse(bodyOf(clientFor(speaker), prompt), withDefaults));
      return `export const ${speaker.provider}${at}: ${TYPES[speaker.api]} = ${body};`;
    }),
  );
  return `${HEAD}${lines.join('\n')}\n`;
}

/** What the TypeScript compiler says of them. */
function compiled(source: string): string {
  const parent = join(ROOT, 'node_modules/.cache');
  mkdirSync(parent, { recursive: true });
  const dir = mkdtempSync(join(parent, 'request-types-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'requests.ts'), source);
  const flags = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    '',
  ];
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout, stderr } = spawnSync(tsc, [...flags, 'requests.ts'], { cwd: dir, encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

test('requests have the published types of their API: tools, schemas, and whatever a thread has in it', () => {
  const threads = fc.sample(fc.array(turn, { minLength: 1, maxLength: 3 }), {
    numRuns: Number(process.env['KEEL_RUNS'] ?? 12),
    seed: 20,
  });
  const prompts = threads.map((turns) => {
    const history = new ConversationHistory();
    let place = 0;
    for (const one of turns) {
      history.record([user(one.said ?? 'go', one.picture)]);
      for (const oneRound of one.rounds) {
        place += 1;
        history.record([...roundItems(one, oneRound, place)]);
      }
    }
    history.record([user('and now?', false)]);
    return { ...EVERYTHING, input: history.forPrompt() };
  });
  expect(compiled(declarations([EVERYTHING, {}, ...prompts]))).toBe('');
}, 60_000);

test('requests that an API does not know are found', () => {
  const requests = [
    ['Responses', { input: [{ type: 'message', role: 'user', content: [{ type: 'text', text: 'x' }] }] }],
    ['Chat', { messages: [{ role: 'user', content: 'x', stray: 1 }] }],
    ['Messages', { max_tokens: 1, messages: [{ role: 'tool', content: 'x' }] }],
  ] as const;
  const lines = requests.map(([type, body], at) => {
    return `export const request${at}: ${type} = ${JSON.stringify({ model: 'm', stream: true, ...body })};`;
  });
  const faults = compiled(`${HEAD}${lines.join('\n')}\n`);
  const first = HEAD.split('\n').length;
  for (const at of requests.keys()) expect(faults).toContain(`requests.ts(${first + at},`);
}, 60_000);
