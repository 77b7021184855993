import { costOf, type ModelPrices } from '../../models/catalogue/index.ts';
import type { TurnFigures } from './overview.ts';

export { freshInput } from '../../models/catalogue/index.ts';

/** What a turn cost: as recorded, or else its tokens at the price of its model. Null: not known. */
export function costOfTurn(turn: TurnFigures, prices: ModelPrices): number | null {
  return turn.costUsd ?? costOf(turn, prices);
}

export function dollars(cost: number): string {
  if (cost === 0) return '$0';
  return `$${cost.toFixed(cost < 1 ? 4 : 2)}`;
}

/** A number of tokens for people: 950, 12.3k, 4.56M. */
export function shortCount(tokens: number): string {
  if (tokens < 1_000) return String(Math.round(tokens));
  if (tokens < 999_500) return `${trimmed(tokens / 1_000, 1)}k`;
  return `${trimmed(tokens / 1_000_000, 2)}M`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '');
}
