import type { Token, Tokens } from 'marked';

/** Lines of a block that is still open become final together, this many at a time. */
export const PORTION_LINES = 12;

interface Spaced {
  /** A blank row is before it. */
  readonly isApart: boolean;
}

/** What becomes final as a whole. It doesn't depend on any width. */
export type Piece =
  | (Spaced & { readonly type: 'block'; readonly block: Token })
  | (Spaced & { readonly type: 'item'; readonly item: Tokens.ListItem; readonly marker: string })
  | (Spaced & {
      readonly type: 'code';
      readonly language: string;
      readonly lines: readonly string[];
      /** Lines of the same block before these, which decide how these are read. */
      readonly before: readonly string[];
    });

/** What is before an item of a list: its number as the source sets it, or a dash. */
export function markerOf({ ordered, items }: Tokens.List, number: number): string {
  if (!ordered) return '- ';
  const delimiter = /^\s*\d+([.)])/.exec(items[0]?.raw ?? '')?.[1] ?? '.';
  return `${number}${delimiter} `;
}
