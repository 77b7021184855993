import { RequestError } from '@agentclientprotocol/sdk';
import { type ErrorInfo, type ErrorKind, toKeelError } from '../../foundation/protocol/index.ts';

const INTERNAL = -32603;
const INVALID_PARAMS = -32602;
const NOT_FOUND = -32002;
const AUTH_REQUIRED = -32000;

const CODES: Partial<Readonly<Record<ErrorKind, number>>> = {
  invalidInput: INVALID_PARAMS,
  threadNotFound: NOT_FOUND,
  missingCredentials: AUTH_REQUIRED,
  unauthorized: AUTH_REQUIRED,
};

/** A failure as the client gets it: the code that the protocol has for it, and keel's own words. */
export function requestError({ kind, message }: Pick<ErrorInfo, 'kind' | 'message'>): RequestError {
  return new RequestError(CODES[kind] ?? INTERNAL, message, { kind });
}

export function invalidParams(message: string): RequestError {
  return requestError({ kind: 'invalidInput', message });
}

/** Does the work of a request. @throws RequestError for whatever goes wrong */
export async function answered<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RequestError ? error : requestError(toKeelError(error));
  }
}
