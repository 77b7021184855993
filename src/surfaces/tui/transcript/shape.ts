/** How entries are to be shown. */
export interface Shape {
  readonly width: number;
  /** Nothing is folded: for the pager. */
  readonly isFull: boolean;
  readonly cwd: string;
  /** Calls that the user is asked about. */
  readonly asked: readonly string[];
}

/** Whether a call waits for the user's answer, runs, or has ended. */
export type CallState = 'asked' | 'running' | 'done';

/** Written before a call that the user is asked about: nothing of it runs yet. */
export const ASKED = 'Waiting for you:';

/** Whether an item is of a call that the user is asked about. A call id that repeats has a number appended in the item. */
export function isAsked(id: string, { asked }: Shape): boolean {
  return asked.some(
    (callId) => id === callId || (id.startsWith(`${callId}#`) && /^\d+$/.test(id.slice(callId.length + 1))),
  );
}
