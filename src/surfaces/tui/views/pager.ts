import type { Entry } from '../transcript/index.ts';

/** What is shown in the full screen. */
export type PagerContent =
  /** `earlier`: entries that the state keeps no more, read from the record while they are looked at. */
  | { readonly type: 'transcript'; readonly earlier: readonly Entry[] }
  | { readonly type: 'help' }
  | { readonly type: 'agents' }
  | { readonly type: 'diff'; readonly text: string }
  | { readonly type: 'text'; readonly title: string; readonly text: string }
  | { readonly type: 'approval'; readonly questionId: string };

/** A text in the full screen, which can be scrolled. */
export interface PagerView {
  readonly content: PagerContent;
  /** Rows below the visible part; 0 is the end, which the transcript opens at and follows. */
  readonly below: number;
}

export type PagerStep = { readonly type: 'view'; readonly view: PagerView } | { readonly type: 'closed' };

export interface PagerPlace {
  /** Rows of the text, and of the part that is visible. */
  readonly total: number;
  readonly height: number;
  /** The rows at which the user's messages start. */
  readonly messages: readonly number[];
}

export function pagerKey(view: PagerView, key: string, { total, height, messages }: PagerPlace): PagerStep {
  const most = Math.max(0, total - height);
  const now = Math.min(view.below, most);
  const at = (below: number): PagerStep => ({
    type: 'view',
    view: { ...view, below: Math.max(0, Math.min(most, below)) },
  });
  switch (key) {
    case 'up':
    case 'k':
      return at(now + 1);
    case 'down':
    case 'j':
      return at(now - 1);
    case 'pageup':
    case 'b':
      return at(now + height);
    case 'pagedown':
    case ' ':
    case 'f':
      return at(now - height);
    case 'p': {
      const before = messages.findLast((row) => row < most - now);
      return at(before === undefined ? now : most - before);
    }
    case 'n': {
      const after = messages.find((row) => row > most - now);
      return at(after === undefined ? 0 : most - after);
    }
    case 'home':
    case 'g':
      return at(most);
    case 'end':
    case 'G':
      return at(0);
    case 'q':
    case 'escape':
    case 'ctrl+c':
    case 'ctrl+t':
      return { type: 'closed' };
    default:
      return at(now);
  }
}
