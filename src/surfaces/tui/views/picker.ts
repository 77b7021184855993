import { withoutLast } from '../../text/index.ts';

/** An entry of a list to choose from. */
export interface PickItem {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly isCurrent?: boolean;
  /** Lines about it that are shown while it is selected. */
  readonly preview?: readonly string[];
}

/** How much a model is to think. `provider`: the id of another one than the thread's; null: it stays. */
export interface ModelPurpose {
  readonly type: 'effort';
  readonly model: string;
  readonly provider: string | null;
}

/** What is chosen, and so what the choice does. */
export type Purpose =
  | { readonly type: 'resume' }
  | { readonly type: 'fork' }
  | { readonly type: 'model' }
  | ModelPurpose
  | { readonly type: 'mode' }
  | { readonly type: 'fullAccess' }
  | { readonly type: 'theme' }
  | { readonly type: 'review' }
  | { readonly type: 'reviewBranch' }
  | { readonly type: 'reviewCommit' }
  | { readonly type: 'history' }
  | { readonly type: 'backtrack' }
  | { readonly type: 'trust' }
  | { readonly type: 'connect' }
  | { readonly type: 'localModel'; readonly kind: 'ollama' | 'lmstudio' };

/** A list to choose from. One with a search takes typed text as its query; in others digits and letters choose. */
export interface PickerView {
  readonly purpose: Purpose;
  readonly title: string;
  readonly note: string | null;
  readonly items: readonly PickItem[];
  readonly selected: number;
  /** Null: there is no search. */
  readonly query: string | null;
  readonly isLoading: boolean;
  /** Of the next page, for lists that are read in pages. */
  readonly nextCursor: string | null;
  /** The entry that a second Ctrl-X archives; null: none. */
  readonly armed: string | null;
  /** Whether threads of all directories are listed. */
  readonly isEverywhere: boolean;
}

export function picker(
  purpose: Purpose,
  title: string,
  items: readonly PickItem[],
  more: Partial<Pick<PickerView, 'note' | 'query' | 'isLoading' | 'isEverywhere' | 'selected'>> = {},
): PickerView {
  const current = items.findIndex(({ isCurrent }) => isCurrent);
  const base = { note: null, query: null, isLoading: false, nextCursor: null, isEverywhere: false, armed: null };
  return { ...base, purpose, title, items, selected: Math.max(0, current), ...more };
}

/** The entries that the query lets through. Lists that are read in pages are searched where they are read. */
export function shownItems({ items, query, purpose }: PickerView): readonly PickItem[] {
  if (query === null || query === '' || purpose.type === 'resume' || purpose.type === 'fork') return items;
  const wanted = query.toLowerCase();
  return items.filter(({ label, detail }) => `${label}\n${detail}`.toLowerCase().includes(wanted));
}

/** What a key does to a list. */
export type PickerStep =
  | { readonly type: 'view'; readonly view: PickerView }
  | { readonly type: 'chosen'; readonly item: PickItem }
  | { readonly type: 'searched'; readonly view: PickerView }
  | { readonly type: 'everywhere' }
  | { readonly type: 'renaming'; readonly item: PickItem }
  | { readonly type: 'archived'; readonly item: PickItem }
  | { readonly type: 'closed' };

/** @param key a typed text, or the name of a key; `isText` says which */
export function pickerKey(view: PickerView, key: string, isText: boolean, page: number): PickerStep {
  const shown = shownItems(view);
  const at = (index: number): PickerStep => ({
    type: 'view',
    view: { ...view, armed: null, selected: Math.max(0, Math.min(shown.length - 1, index)) },
  });
  if (isText) return typedInto(view, key, shown);
  switch (key) {
    case 'up':
    case 'ctrl+p':
      return at(view.selected === 0 ? shown.length - 1 : view.selected - 1);
    case 'down':
    case 'ctrl+n':
      return at(view.selected + 1 >= shown.length ? 0 : view.selected + 1);
    case 'ctrl+r':
      return at(view.selected + 1);
    case 'pageup':
      return at(view.selected - page);
    case 'pagedown':
      return at(view.selected + page);
    case 'home':
      return at(0);
    case 'end':
      return at(shown.length - 1);
    case 'backspace':
      return view.query === null ? at(view.selected) : searched(view, withoutLast(view.query));
    case 'ctrl+e':
    case 'ctrl+x':
      return changed(view, shown[view.selected], key);
    case 'tab':
      return { type: 'everywhere' };
    case 'enter': {
      const item = shown[view.selected];
      return item === undefined ? { type: 'view', view } : { type: 'chosen', item };
    }
    case 'escape':
    case 'ctrl+c':
      return { type: 'closed' };
    default:
      return { type: 'view', view };
  }
}

/** What is done to an entry in the list. Archiving wants its key twice. */
function changed(view: PickerView, item: PickItem | undefined, key: 'ctrl+e' | 'ctrl+x'): PickerStep {
  const isThreads = view.purpose.type === 'resume' || view.purpose.type === 'fork';
  if (!isThreads || item === undefined) return { type: 'view', view };
  if (key === 'ctrl+e') return { type: 'renaming', item };
  return view.armed === item.id ? { type: 'archived', item } : { type: 'view', view: { ...view, armed: item.id } };
}

function typedInto(view: PickerView, text: string, shown: readonly PickItem[]): PickerStep {
  if (view.query !== null) return searched(view, view.query + text);
  const item = /^[1-9]$/.test(text) ? shown[Number(text) - 1] : undefined;
  if (item !== undefined) return { type: 'chosen', item };
  if (text === 'j') return pickerKey(view, 'down', false, 1);
  return text === 'k' ? pickerKey(view, 'up', false, 1) : { type: 'view', view };
}

function searched(view: PickerView, query: string): PickerStep {
  return { type: 'searched', view: { ...view, query, selected: 0 } };
}
