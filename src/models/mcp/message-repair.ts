import { JsonTooDeep, readJson } from '../../foundation/util/index.ts';

const INTERNAL_ERROR = -32603;
/** Limit for a malformed answer, as it is quoted; characters. */
const MAX_QUOTE_CHARS = 200;

type Fields = Readonly<Record<string, unknown>>;

/**
 * A message of a server as JSON-RPC 2.0 has it. A malformed answer to a request becomes an error answer to that request, in the
 * server's own words where it has some: dropped, it would leave the request waiting for its timeout. Everything else is returned
 * as it is.
 */
function repairedMessage(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(repairedMessage);
  if (!isFields(message) || !isAnswer(message)) return message;
  const { id } = message;
  if ('error' in message && message['error'] !== null)
    return { jsonrpc: '2.0', id, error: repairedError(message['error']) };
  const { result } = message;
  if (isFields(result)) return { ...message, jsonrpc: '2.0' };
  return {
    jsonrpc: '2.0',
    id,
    error: { code: INTERNAL_ERROR, message: `its answer is not an object: ${quoted(result)}` },
  };
}

/** The same of text. An answer that is nested too deep is an error of its request. @throws SyntaxError, JsonTooDeep */
export function repairedJson(text: string): unknown {
  try {
    return repairedMessage(readJson(text));
  } catch (error) {
    if (!(error instanceof JsonTooDeep) || !isFields(error.value) || !isAnswer(error.value)) throw error;
    const { id } = error.value;
    return { jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message: `its answer is ${error.message}` } };
  }
}

function isAnswer(message: Fields): boolean {
  const { id } = message;
  return (typeof id === 'string' || typeof id === 'number') && !('method' in message);
}

function repairedError(error: unknown): Fields {
  const fields = isFields(error) ? error : {};
  const { code, message, data } = fields;
  return {
    code: Number.isInteger(code) ? code : INTERNAL_ERROR,
    message: typeof message === 'string' && message !== '' ? message : `it answered with an error: ${quoted(error)}`,
    ...(data === undefined ? {} : { data }),
  };
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, MAX_QUOTE_CHARS);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
