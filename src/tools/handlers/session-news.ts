import type { ExecSession } from '../../process/index.ts';
import { byteLength } from '../../util/index.ts';
import type { ToolContext, ToolOutput } from '../types.ts';
import { cutNote, defuse, isCut, withNotes } from './command-output.ts';

export type Settled<T> =
  | { readonly type: 'ok'; readonly value: T }
  | { readonly type: 'failed'; readonly message: string };

/** A failure to start as a value: the model can react to it. */
export async function settled<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { type: 'ok', value: await work };
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Waits until the program ends, the time is over, or the signal aborts. */
export async function waitFor(session: ExecSession, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || session.exitCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  void session.exited.then(() => resolve());
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

export interface News {
  readonly session: ExecSession;
  /** Under which it goes on; null when it has ended. */
  readonly id: number | null;
  readonly context: ToolContext;
  readonly notes: readonly string[];
  readonly aborted: boolean;
}

/** What a model is told of a session: the time it took, how it stands, what it printed since the last look. */
export function wordNews({ session, id, context, notes, aborted }: News): ToolOutput {
  const { output, totalBytes } = session.takeNews();
  const { noteMark } = context.turn;
  const body = defuse(output, noteMark);
  const own = [...notes];
  if (isCut(body) || totalBytes > byteLength(output)) {
    own.unshift(cutNote(noteMark, { spillPath: session.spillPath, totalBytes, spilledBytes: totalBytes }));
  }
  const seconds = (session.durationMs / 1_000).toFixed(1);
  if (aborted) own.push(`aborted by user after ${seconds}s`);
  const state = id === null ? `Exit code: ${session.exitCode ?? -1}` : `Still running as session ${id}`;
  const head = `${state}\nWall time: ${seconds} seconds\nOutput:\n`;
  return { body: `${head}${withNotes(body, own)}`, success: !aborted && (id !== null || session.exitCode === 0) };
}
