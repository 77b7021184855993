import type { ErrorKind } from '../../foundation/protocol/index.ts';
import { saysFullWindow } from './full-window.ts';
import type { WireFailure } from './wire-failure.ts';

/**
 * What can be done about a failure: nothing; the same request again; the same again after the limits of a minute have
 * passed; a request or two more, since the model itself wrote what could not be used.
 */
type Recovery = 'none' | 'retry' | 'retryNextMinute' | 'askAgain';

export interface Verdict {
  readonly kind: ErrorKind;
  readonly recovery: Recovery;
}

interface FailureRule extends Verdict {
  /** Statuses that are enough, whatever else is said. */
  readonly statuses?: readonly number[];
  /** Codes and types, in lower case. */
  readonly words?: readonly string[];
  /** Where no code says it. */
  readonly says?: RegExp;
  /** Servers whose documentation or answers these were taken from. */
  readonly source: string;
}

/** What is final wherever it comes: in an answer's status, a body, or a stream that had begun. */
const FINAL_RULES: readonly FailureRule[] = [
  { kind: 'unauthorized', recovery: 'none', statuses: [401, 403], source: 'RFC 9110, 15.5.2 and 15.5.4' },
  { kind: 'quotaExceeded', recovery: 'none', statuses: [402], source: 'DeepSeek, OpenRouter, Anthropic' },
  {
    kind: 'usageLimitExceeded',
    recovery: 'none',
    words: ['usage_limit_reached'],
    source: 'spec model.md 5.1',
  },
  {
    kind: 'quotaExceeded',
    recovery: 'none',
    words: [
      'usage_not_included',
      'insufficient_quota',
      'billing_error',
      'insufficient_balance',
      'exceeded_current_quota_error',
    ],
    says: /credit balance is too low|insufficient (?:balance|credits?|funds)|out of credits|billing hard limit/i,
    source: 'OpenAI, Anthropic, DeepSeek, Kimi',
  },
  {
    kind: 'badRequest',
    recovery: 'none',
    words: [
      'content_filter',
      'content_policy_violation',
      'responsibleaipolicyviolation',
      'prompt_blocked',
      'data_inspection_failed',
    ],
    says: /\bcontent (?:management|filter(?:ing)?) policy\b|\bflagged (?:by|for|as)\b|input or output data may contain inappropriate content/i,
    source: 'Azure OpenAI, OpenAI, DashScope',
  },
  {
    kind: 'unauthorized',
    recovery: 'none',
    words: [
      'invalid_api_key',
      'authentication_error',
      'invalid_authentication_error',
      'permission_error',
      'permission_denied',
      'unauthenticated',
    ],
    says: /\b(?:incorrect|invalid|missing|expired|no) api[\s_-]?key\b|\bapi[\s_-]?key (?:is )?(?:not valid|invalid|incorrect|expired|missing|not found)\b/i,
    source: 'OpenAI, Anthropic, xAI and Gemini (with status 400)',
  },
];

/** What the model wrote and the server could not use: the next answer is another one. */
const ASK_AGAIN: FailureRule = {
  kind: 'noAnswer',
  recovery: 'askAgain',
  words: ['tool_use_failed', 'malformed_function_call', 'output_parse_failed', 'unexpected_tool_call'],
  says: /\bfailed to call a function\b|\bmalformed function call\b|\bfailed_generation\b/i,
  source: 'Groq, Gemini',
};

const PASSING_RULES: readonly FailureRule[] = [
  {
    kind: 'serverOverloaded',
    recovery: 'retryNextMinute',
    statuses: [429],
    words: [
      'rate_limit_exceeded',
      'rate_limit_error',
      'rate_limit_reached_error',
      'rate_limited',
      'too_many_requests',
      'resource_exhausted',
      'throttlingexception',
      '1302',
      '1305',
    ],
    source: 'RFC 6585; OpenAI, Anthropic, Kimi, Gemini, Bedrock, z.ai',
  },
  {
    kind: 'serverOverloaded',
    recovery: 'retry',
    statuses: [503, 529],
    words: [
      'server_is_overloaded',
      'slow_down',
      'overloaded_error',
      'engine_overloaded_error',
      'overloaded',
      'unavailable',
    ],
    source: 'OpenAI, Anthropic, Kimi, Gemini',
  },
];

/** Statuses that a retry may change; all from 500 on count as well. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 409, 425]);
/** In a stream that had begun, and so without a status. */
const BAD_REQUEST_WORDS: ReadonlySet<string> = new Set([
  'invalid_prompt',
  'invalid_request_error',
  'badrequesterror',
  'invalid_argument',
  'not_found_error',
  'request_too_large',
]);
/** A picture the provider can't take stays one it can't take: `invalid_image_url`, `image_too_large`, ... */
const IMAGE_CODE = /(?:^|_)image(?:_|$)/;

/**
 * What kind of failure it is and what helps. `status` is that of the answer; null in a stream that had begun, where the
 * failure may name one itself.
 */
export function verdictOn(failure: WireFailure, status: number | null): Verdict {
  const shown = failure.status ?? status;
  const full: Verdict = { kind: 'contextWindowExceeded', recovery: 'none' };
  const [unauthorized, unpaid, ...others] = FINAL_RULES;
  const byStatus = [unauthorized, unpaid].find((rule) => rule !== undefined && fitsStatus(rule, status, shown));
  if (byStatus !== undefined) return byStatus;
  if (saysFullWindow(failure, shown)) return full;
  if (fits(ASK_AGAIN, failure, null)) return ASK_AGAIN;
  const final = others.find((rule) => fits(rule, failure, null) && !isPassing(rule, shown));
  if (final !== undefined) return final;
  return PASSING_RULES.find((rule) => fits(rule, failure, shown)) ?? byStatusAlone(failure, shown);
}

function byStatusAlone({ words }: WireFailure, status: number | null): Verdict {
  if (status === null) {
    const isBad = words.some((word) => BAD_REQUEST_WORDS.has(word) || IMAGE_CODE.test(word));
    return isBad ? BAD_REQUEST : { kind: 'responseStreamDisconnected', recovery: 'retry' };
  }
  const isPassing = status >= 500 || RETRYABLE_STATUSES.has(status);
  return isPassing ? { kind: 'httpConnectionFailed', recovery: 'retry' } : BAD_REQUEST;
}

const BAD_REQUEST: Verdict = { kind: 'badRequest', recovery: 'none' };

function fitsStatus({ statuses }: FailureRule, ...given: readonly (number | null)[]): boolean {
  return given.some((status) => status !== null && (statuses ?? []).includes(status));
}

function fits(rule: FailureRule, { words, message }: WireFailure, status: number | null): boolean {
  if (fitsStatus(rule, status)) return true;
  if (words.some((word) => rule.words?.includes(word))) return true;
  return rule.says?.test(message ?? '') ?? false;
}

/** A server that is down may say anything of keys and requests. */
function isPassing({ kind }: Verdict, status: number | null): boolean {
  return status !== null && status >= 500 && kind === 'unauthorized';
}
