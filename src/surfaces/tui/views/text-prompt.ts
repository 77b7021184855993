import { withoutLast } from '../../text/index.ts';

/** A thread of the list gets a name, and the list is shown again. */
export interface RenamedThread {
  readonly type: 'renamed';
  readonly threadId: string;
  readonly verb: 'resume' | 'fork';
}

/** A model of another provider, of which keel knows no names. `provider`: its id. */
interface NamedModel {
  readonly type: 'modelName';
  readonly provider: string;
}

/** A line of text that is asked for. */
export interface TextPrompt {
  /** An `apiKey` is not shown. */
  readonly purpose: 'rename' | 'reviewInstructions' | 'apiKey' | RenamedThread | NamedModel;
  readonly title: string;
  readonly text: string;
}

export type TextPromptStep =
  | { readonly type: 'view'; readonly view: TextPrompt }
  | { readonly type: 'answered'; readonly text: string }
  | { readonly type: 'closed' };

export function textPromptKey(view: TextPrompt, key: string, isText: boolean): TextPromptStep {
  if (isText) return { type: 'view', view: { ...view, text: view.text + key } };
  switch (key) {
    case 'enter':
      return view.text.trim() === '' ? { type: 'closed' } : { type: 'answered', text: view.text.trim() };
    case 'backspace':
      return { type: 'view', view: { ...view, text: withoutLast(view.text) } };
    case 'ctrl+u':
      return { type: 'view', view: { ...view, text: '' } };
    case 'escape':
    case 'ctrl+c':
      return { type: 'closed' };
    default:
      return { type: 'view', view };
  }
}
