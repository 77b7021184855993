import type { CallFacts, LocalShellCallItem, OutputContentItem } from '../../foundation/protocol/index.ts';

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
  /** What keel knows of the call beyond `success`, in place of reading it out of the body. */
  readonly facts?: CallFacts | undefined;
}

/** The arguments of a function call as the model wrote them; empty for a call of another form. */
export function argumentsText({ payload }: Pick<ToolCall, 'payload'>): string {
  return payload.type === 'function' ? payload.arguments : '';
}

/** The answer to a call that failed or was refused. `outcome`: where more is known than that. */
export function failedOutput(message: string, outcome?: CallFacts['outcome']): ToolOutput {
  return { body: message, success: false, ...(outcome === undefined ? {} : { facts: { outcome } }) };
}
