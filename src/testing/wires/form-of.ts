import { ChatForm } from './chat.ts';
import type { WireFormMaker } from './form.ts';
import { MessagesForm } from './messages.ts';
import { ResponsesForm } from './responses.ts';

export const responsesForm: WireFormMaker = (facts) => new ResponsesForm(facts);
const messagesForm: WireFormMaker = (facts) => new MessagesForm(facts);
const chatForm: WireFormMaker = (facts) => new ChatForm(facts);

/** The form of the API at a path; null for an unknown path. */
export function wireFormAt(path: string): WireFormMaker | null {
  if (path.endsWith('/responses')) return responsesForm;
  if (path.endsWith('/chat/completions')) return chatForm;
  return path.endsWith('/v1/messages') || path.endsWith(':streamRawPredict') ? messagesForm : null;
}
