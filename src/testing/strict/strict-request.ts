import type { RecordedRequest } from '../recorded-request.ts';
import type { Json } from '../script.ts';
import { type ChatRules, checkChat } from './chat.ts';
import { checkCharacters, Findings } from './findings.ts';
import { checkMessages } from './messages.ts';
import { checkResponses } from './responses.ts';

/** An API by the name that keel's configuration has for it. */
export type Api = 'responses' | 'chat' | 'anthropic';

/** What a server takes beyond, or less than, the published types of its API. */
export interface StrictRules extends ChatRules {}

/**
 * What a strict server of an API would refuse in a request body: roles, order, pairs of calls and results, ids, names,
 * arguments, unknown fields, schemas that not every provider takes. Empty for one that all take.
 */
export function requestFaults(api: Api, body: Json, rules: StrictRules = {}): readonly string[] {
  const found = new Findings();
  switch (api) {
    case 'chat':
      checkChat(body, rules, found);
      break;
    case 'responses':
      checkResponses(body, rules, found);
      break;
    case 'anthropic':
      checkMessages(body, found);
      break;
  }
  checkCharacters(body, 'body', found);
  return found.list;
}

/**
 * Checks a request by the rules of the API at whose path it came in.
 * @throws Error that names everything a strict server would refuse
 */
export function assertStrict(request: RecordedRequest, rules: StrictRules = {}): void {
  const faults = requestFaults(apiAt(request.path), request.body, rules);
  if (faults.length > 0) throw new Error(`a strict server refuses this request:\n- ${faults.join('\n- ')}`);
}

function apiAt(path: string): Api {
  if (path.endsWith('/chat/completions')) return 'chat';
  return path.endsWith('/messages') ? 'anthropic' : 'responses';
}
