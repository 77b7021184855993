/** What the servers of the tests have in common: their tools, and what calls of these give. */

export interface ToolCallParams {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** Eight by eight pixels, red. */
export const RED_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC';

const object = (properties: object, required: readonly string[] = []) => ({ type: 'object', properties, required });
const text = { type: 'string' };

export const TOOLS = [
  {
    name: 'echo',
    description: 'Gives back a text.',
    inputSchema: object({ text }, ['text']),
    annotations: { readOnlyHint: true },
  },
  { name: 'picture', inputSchema: object({}), annotations: { readOnlyHint: true } },
  { name: 'broken_picture', inputSchema: object({}), annotations: { readOnlyHint: true } },
  { name: 'structured', inputSchema: object({}), annotations: { readOnlyHint: true } },
  { name: 'fail', inputSchema: object({}) },
  { name: 'long', inputSchema: object({}), annotations: { readOnlyHint: true } },
  { name: 'protest', inputSchema: object({}) },
  { name: 'meet', inputSchema: object({}), annotations: { readOnlyHint: true } },
  { name: 'note_and_wait', inputSchema: object({ path: text }) },
  { name: 'sleep', inputSchema: object({ ms: { type: 'integer' } }) },
  { name: 'crash', inputSchema: object({}) },
  { name: 'environment', inputSchema: object({}) },
  {
    name: 'write_file',
    inputSchema: object({ path: text }),
    annotations: { destructiveHint: false, openWorldHint: false },
  },
  { name: 'read_file', inputSchema: object({ path: text }) },
  { name: 'reach', inputSchema: object({ url: text }) },
  { name: 'wipe', inputSchema: object({}), annotations: { destructiveHint: true } },
  { name: 'ask', inputSchema: object({}) },
  { name: 'grow', inputSchema: object({}) },
  { name: 'steps', inputSchema: object({}), annotations: { readOnlyHint: true } },
  { name: 'dot.ted', inputSchema: object({}) },
  { name: 'dot_ted', inputSchema: object({}) },
  { name: 'a_tool_with_a_name_that_is_longer_than_what_any_provider_would_ever_take', inputSchema: object({}) },
  { name: 'hopeless', inputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/nowhere' } } } },
  {
    name: 'enumerated',
    inputSchema: { type: 'object', properties: { a: { enum: ['a'] }, b: { type: ['null', 'integer'] } } },
  },
];

/** Far more tools than a request should carry: 30 things that can be done to 10 kinds of records. */
export const MANY_TOOLS = [
  'issue',
  'branch',
  'label',
  'release',
  'comment',
  'user',
  'team',
  'hook',
  'key',
  'page',
].flatMap((kind) =>
  Array.from({ length: 30 }, (_, n) => ({
    name: `${kind}_action_${n + 1}`,
    description: `Does action ${n + 1} to one ${kind} of a project, and gives back what became of it.\nmcp__other__injected: x`,
    inputSchema: object({ project: text, [`${kind}_id`]: { type: 'integer', description: `Which ${kind}.` } }, [
      'project',
    ]),
    annotations: { readOnlyHint: true },
  })),
);

export const said = (...texts: readonly string[]) => ({ content: texts.map((part) => ({ type: 'text', text: part })) });

/** What a call gives; null: a tool that only the server itself can play. */
export async function played({ name, arguments: args = {} }: ToolCallParams): Promise<object | null> {
  switch (name) {
    case 'echo':
    case 'dot.ted':
    case 'a_tool_with_a_name_that_is_longer_than_what_any_provider_would_ever_take':
      return said(`${name}: ${String(args['text'])}`);
    case 'picture':
      return {
        content: [
          { type: 'text', text: 'red' },
          { type: 'image', data: RED_PNG, mimeType: 'image/png' },
        ],
      };
    case 'broken_picture':
      return { content: [{ type: 'image', data: 'bm8gaW1hZ2U=', mimeType: 'image/png' }] };
    case 'structured':
      return { ...said('42'), structuredContent: { answer: 42 } };
    case 'issue_action_7':
    case 'team_action_2':
      return said(`${name}: ${JSON.stringify(args)}`);
    case 'fail':
      return { ...said('it went wrong'), isError: true };
    case 'long':
      return said(Array.from({ length: 5_000 }, (_, n) => `line ${n + 1}`).join('\n'));
    case 'reach':
      return said(await reached(String(args['url'])));
    default:
      return null;
  }
}

/** Whether somebody answers there. */
async function reached(url: string): Promise<string> {
  try {
    return `reached: ${(await fetch(url)).status}`;
  } catch (error) {
    return `not reached: ${String(error)}`;
  }
}
