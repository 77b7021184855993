export type { TurnContext } from './turn-context.ts';
