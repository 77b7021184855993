import { readJson, reasonOf } from '../../foundation/util/index.ts';

/** The longest description of a fault, in characters. */
const MAX_FAULT_CHARS = 1_000;

/** What is wrong with a final message that has to fit a JSON Schema; null if it fits, or the schema can't be judged. */
export async function answerFault(schema: unknown, message: string | null): Promise<string | null> {
  if (message === null || message.trim() === '') return 'the message is empty';
  let value: unknown;
  try {
    value = readJson(message);
  } catch (error) {
    return `it is no JSON: ${reasonOf(error)}`;
  }
  // The whole library reads schemas; only who asks for a form pays for it.
  const z = await import('zod');
  let form: ReturnType<typeof z.fromJSONSchema>;
  try {
    form = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return null; // An unknown keyword: the server has the schema and enforces it.
  }
  const { error } = form.safeParse(value);
  return error ? z.prettifyError(error).slice(0, MAX_FAULT_CHARS) : null;
}
