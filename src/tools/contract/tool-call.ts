import type { LocalShellCallItem, OutputContentItem } from '../../foundation/protocol/index.ts';

/** How the model handed over its arguments. */
export type ToolPayload =
  | { readonly type: 'function'; readonly arguments: string }
  | { readonly type: 'custom'; readonly input: string }
  | { readonly type: 'localShell'; readonly action: LocalShellCallItem['action'] };

/** A call by the model. `callId` is unique in the thread. */
export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  readonly payload: ToolPayload;
}

/** What goes back to the model. A failure the model can react to is an output with `success: false`, never a throw. */
export interface ToolOutput {
  readonly body: string | readonly OutputContentItem[];
  readonly success: boolean;
}

/** The arguments of a function call as the model wrote them; empty for a call of another form. */
export function argumentsText({ payload }: Pick<ToolCall, 'payload'>): string {
  return payload.type === 'function' ? payload.arguments : '';
}

/** The answer to a call that failed or was refused. */
export function failedOutput(message: string): ToolOutput {
  return { body: message, success: false };
}
