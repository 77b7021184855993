import type { LocalShellCallItem, OutputContentItem } from '../foundation/protocol/index.ts';

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
