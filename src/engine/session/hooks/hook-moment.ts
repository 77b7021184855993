import type { TurnContext } from '../../../context/index.ts';
import type { HookEvent, HookQuestion, HookVerdict } from '../../../tools/hooks/index.ts';

/** What hooks are asked about: the turn, or the session outside of turns. */
export interface HookMoment {
  /** Null: no turn. */
  readonly turnId: string | null;
  readonly context: Pick<TurnContext, 'cwd' | 'approvalPolicy' | 'sandboxPolicy'> & {
    readonly model: { readonly slug: string };
  };
  readonly signal: AbortSignal;
  /** Called with what the user is to see of hooks. */
  readonly onMessage: (message: string) => void;
}

/** What a question adds to what every hook is sent. */
export type HookAsked = Omit<HookQuestion, 'input'> & { readonly fields: Readonly<Record<string, unknown>> };

/** Asks the hooks of a session. */
export interface HookAsker {
  /** Whether any hook would be asked. */
  has(event: HookEvent): boolean;
  /** Asks all hooks of an event, and shows the user what they have to say to them. */
  ask(event: HookEvent, asked: readonly HookAsked[], moment: HookMoment): Promise<HookVerdict>;
}
