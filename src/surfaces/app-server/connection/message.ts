import * as z from 'zod';
import { readJson, reasonOf } from '../../../foundation/util/index.ts';
import { ErrorCode, type Reply, type RequestId } from '../methods/method.ts';

/** What a client has sent. */
export type Message =
  | { readonly type: 'request'; readonly id: RequestId; readonly method: string; readonly params: unknown }
  | { readonly type: 'notification'; readonly method: string }
  | { readonly type: 'reply'; readonly id: RequestId; readonly reply: Reply }
  | Fault;

/** What isn't a message. The id is null where it can't be known. */
export interface Fault {
  readonly type: 'fault';
  readonly id: RequestId | null;
  readonly code: number;
  readonly message: string;
}

export const Id = z.union([z.string(), z.int()]);
const ErrorBody = z.object({ message: z.string() });

/** Reads a JSON-RPC message, with or without the member `jsonrpc`. Never throws. */
export function readMessage(text: string): Message {
  let value: unknown;
  try {
    value = readJson(text);
  } catch (error) {
    return { type: 'fault', id: null, code: ErrorCode.parse, message: `Parse error: ${reasonOf(error)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return notMessage(null, 'a message is an object');
  }
  const { id: givenId, method, params, ...rest }: Readonly<Record<string, unknown>> = { ...value };
  const { data: id = null } = Id.safeParse(givenId);
  if (givenId !== undefined && id === null) return notMessage(null, 'an id is a string or an integer');
  if (method !== undefined) {
    if (typeof method !== 'string') return notMessage(id, 'a method is a string');
    return id === null ? { type: 'notification', method } : { type: 'request', id, method, params };
  }
  if (id === null) return notMessage(null, 'there is neither a method nor an id');
  if ('result' in rest) return { type: 'reply', id, reply: { type: 'result', result: rest['result'] } };
  if ('error' in rest) {
    const message = ErrorBody.safeParse(rest['error']).data?.message ?? '';
    return { type: 'reply', id, reply: { type: 'error', message } };
  }
  return notMessage(id, 'there is no method');
}

function notMessage(id: RequestId | null, reason: string): Fault {
  return { type: 'fault', id, code: ErrorCode.invalidRequest, message: `Invalid request: ${reason}` };
}
