import * as z from 'zod';
import { ErrorCode, MethodError } from '../method.ts';

/** Of each stream, where the client names no other, bytes. */
const USUAL_CAP = 1024 * 1024;
/** What is kept for the result is in memory, and in one message. */
const MAX_KEPT = 32 * 1024 * 1024;
const USUAL_TIMEOUT_MS = 60_000;
/** What a timer takes. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_CELLS = 2 ** 16 - 1;

const Flag = z.boolean().nullish();
export const TerminalSize = z.object({
  rows: z.int().min(1).max(MAX_CELLS),
  cols: z.int().min(1).max(MAX_CELLS),
});

/** A sandbox policy as the protocol has it. */
export const WirePolicy = z.discriminatedUnion('type', [
  z.object({ type: z.literal('dangerFullAccess') }),
  z.object({ type: z.literal('externalSandbox') }),
  z.object({ type: z.literal('readOnly'), networkAccess: z.boolean().default(false) }),
  z.object({
    type: z.literal('workspaceWrite'),
    writableRoots: z.array(z.string()).default([]),
    networkAccess: z.boolean().default(false),
    excludeTmpdirEnvVar: z.boolean().default(false),
    excludeSlashTmp: z.boolean().default(false),
  }),
]);
export type WirePolicy = z.infer<typeof WirePolicy>;

export const ExecParams = z.object({
  command: z.array(z.string()).min(1, { error: 'command is empty' }),
  processId: z.string().min(1).nullish(),
  tty: Flag,
  streamStdin: Flag,
  streamStdoutStderr: Flag,
  outputBytesCap: z.int().min(0).nullish(),
  disableOutputCap: Flag,
  timeoutMs: z.int().min(0).nullish(),
  disableTimeout: Flag,
  cwd: z.string().nullish(),
  env: z.record(z.string(), z.string().nullable()).nullish(),
  size: TerminalSize.nullish(),
  sandboxPolicy: WirePolicy.nullish(),
});
export type ExecParams = z.infer<typeof ExecParams>;

/** How a command is run and reported. */
export interface ExecShape {
  /** Null: nothing but its end is reported, and nothing reaches it. */
  readonly processId: string | null;
  readonly terminal: { readonly rows: number; readonly cols: number } | null;
  readonly takesInput: boolean;
  readonly isStreamed: boolean;
  /** Of each stream, bytes; null: no limit. */
  readonly outputCap: number | null;
  /** Null: no limit. */
  readonly timeoutMs: number | null;
}

const USUAL_SIZE = { rows: 24, cols: 80 };

/** @throws MethodError `invalidParams` for options that exclude each other, or that need another one */
export function shapeOf(params: ExecParams): ExecShape {
  const { processId = null, tty, streamStdin, streamStdoutStderr, size, outputBytesCap, timeoutMs } = params;
  const isTty = tty === true;
  const takesInput = isTty || streamStdin === true;
  const isStreamed = isTty || streamStdoutStderr === true;
  if ((takesInput || isStreamed) && processId === null) {
    throw invalid('tty, streamStdin and streamStdoutStderr need a processId');
  }
  if (size && !isTty) throw invalid('size needs tty');
  if (params.disableOutputCap && outputBytesCap != null)
    throw invalid('outputBytesCap and disableOutputCap exclude each other');
  if (params.disableTimeout && timeoutMs != null) throw invalid('timeoutMs and disableTimeout exclude each other');
  const cap = params.disableOutputCap ? null : (outputBytesCap ?? USUAL_CAP);
  return {
    processId,
    terminal: isTty ? (size ?? USUAL_SIZE) : null,
    takesInput,
    isStreamed,
    outputCap: isStreamed ? cap : Math.min(cap ?? MAX_KEPT, MAX_KEPT),
    timeoutMs: params.disableTimeout ? null : Math.min(timeoutMs ?? USUAL_TIMEOUT_MS, MAX_TIMEOUT_MS),
  };
}

function invalid(message: string): MethodError {
  return new MethodError(ErrorCode.invalidParams, message);
}
