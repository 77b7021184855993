import type { ModelError } from '../../failures/index.ts';
import { type FailureContext, namedFailure, noAnswer, responseFailure, streamLost } from '../../failures/index.ts';
import { type JsonObject, stringField } from '../../json/index.ts';

interface FinishRule {
  readonly reasons: readonly string[];
  readonly means: 'lost' | 'askAgain' | 'fullWindow';
  readonly source: string;
}

/** Reasons to finish, in lower case, by which servers say that a response failed. All others end one that is whole. */
const RULES: readonly FinishRule[] = [
  {
    reasons: [
      'error',
      'network_error',
      'engine_error',
      'server_error',
      'abort',
      'aborted',
      'cancelled',
      'insufficient_system_resource',
      'overloaded',
    ],
    means: 'lost',
    source: 'OpenRouter, z.ai, vLLM and SGLang, DeepSeek',
  },
  {
    reasons: ['malformed_function_call', 'unexpected_tool_call', 'malformed_response', 'tool_use_failed'],
    means: 'askAgain',
    source: 'Gemini, Groq',
  },
  {
    reasons: ['model_context_window_exceeded', 'context_length_exceeded'],
    means: 'fullWindow',
    source: 'z.ai, Anthropic by gateways',
  },
];

/** The failure that a choice of the Chat Completions API finished with; null for one that is whole, or still comes. */
export function finishFailure(choice: JsonObject, context: FailureContext): ModelError | null {
  for (const name of ['finish_reason', 'native_finish_reason']) {
    const reason = stringField(choice, name);
    if (reason === null) continue;
    const rule = RULES.find(({ reasons }) => reasons.includes(reason.toLowerCase()));
    if (rule === undefined) continue;
    switch (rule.means) {
      case 'lost':
        return streamLost(`the response ended with ${name} "${reason}"`, context);
      case 'askAgain':
        return noAnswer(`it ended with ${name} "${reason}"`);
      case 'fullWindow':
        return responseFailure(namedFailure('context_length_exceeded', reason), context);
    }
  }
  return null;
}
