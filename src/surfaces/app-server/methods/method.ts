import type * as z from 'zod';

/** Error codes of the protocol. */
export const ErrorCode = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  overloaded: -32001,
} as const;

/** What a client gets in place of a result. `data` is for programs. */
export class MethodError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'MethodError';
    this.code = code;
    this.data = data;
  }
}

/** A connected client, as a method sees it. */
export interface Client {
  /** Sends a notification, unless the client has opted out of it. Never waits. */
  notify(method: string, params: object): void;
  /** Aborts when the connection has ended: whatever was started for it alone ends then. */
  readonly closed: AbortSignal;
}

/** A method of the protocol: its parameters are checked before `run` sees them. */
export interface Method {
  /** @throws MethodError what the client did wrong; other errors become internal ones */
  call(params: unknown, client: Client): Promise<object>;
}

/** Methods by their names, such as `fs/readFile`. */
export type Methods = Readonly<Record<string, Method>>;

/** @throws MethodError (from `call`) `invalidRequest` for parameters that don't fit, as the protocol has it */
export function method<P>(params: z.ZodType<P>, run: (params: P, client: Client) => Promise<object>): Method {
  return {
    async call(given, client) {
      const { success, data, error } = params.safeParse(given ?? {});
      if (!success)
        throw new MethodError(ErrorCode.invalidRequest, `Invalid request: ${error.issues[0]?.message ?? ''}`);
      return await run(data, client);
    },
  };
}
