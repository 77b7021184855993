import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../json/index.ts';
import { durationMs } from './server-waits.ts';

/** A failure in the provider's words, from an error body, a failed response or an event of a stream. */
export interface WireFailure {
  /** Codes, types and states in lower case: by these programs know a failure. The most exact first. */
  readonly words: readonly string[];
  readonly message: string | null;
  /** The HTTP status that the failure names itself; gateways report one within a response of status 200. */
  readonly status: number | null;
  /** Unix seconds at which a usage limit resets. */
  readonly resetsAt: number | null;
  /** A delay that a field asks for (google.rpc.RetryInfo), milliseconds. */
  readonly delayMs: number | null;
  /** The context window that a field names (llama.cpp's `n_ctx`), tokens. */
  readonly windowTokens: number | null;
}

const NOTHING: WireFailure = {
  words: [],
  message: null,
  status: null,
  resetsAt: null,
  delayMs: null,
  windowTokens: null,
};
/** A failure within a failure within a failure: deeper than any gateway nests them. */
const MAX_DEPTH = 4;

/**
 * Reads what providers send as an error: an object, one nested under `error` or alone in an array (Gemini), a text (xAI,
 * Ollama), a list of problems (`detail` of FastAPI), with the upstream's own error in `metadata.raw` (OpenRouter).
 */
export function readFailure(value: unknown, depth = 0): WireFailure {
  if (depth > MAX_DEPTH) return NOTHING;
  if (typeof value === 'string') return { ...NOTHING, message: value };
  if (Array.isArray(value)) return readFailure(value[0], depth + 1);
  const object = asObject(value);
  if (object === null) return NOTHING;
  const own = ownFailure(object);
  const inner = innerValues(object).map((nested) => readFailure(nested, depth + 1));
  return inner.reduceRight((outer, nested) => joined(nested, outer), own);
}

/** A failure that is known by one word alone. */
export function namedFailure(word: string, message: string): WireFailure {
  return { ...NOTHING, words: [word], message };
}

function ownFailure(object: JsonObject): WireFailure {
  const code = object['code'];
  const named = [typeof code === 'string' ? code : null, stringField(object, 'type'), stringField(object, 'status')];
  return {
    words: named.flatMap((word) => (word === null || word === 'error' ? [] : [word.toLowerCase()])),
    message: stringField(object, 'message') ?? stringField(object, 'msg') ?? detailText(object['detail']),
    status: statusIn(code) ?? statusIn(object['status']) ?? statusIn(object['status_code']),
    resetsAt: numberField(object, 'resets_at'),
    delayMs: retryInfoMs(object['details']) ?? inSeconds(numberField(object, 'resets_in_seconds')),
    windowTokens: numberField(object, 'n_ctx'),
  };
}

/** Where the failure proper may be, the outermost first. */
function innerValues(object: JsonObject): readonly unknown[] {
  const { error, errors, message } = object;
  const raw = objectField(object, 'metadata')?.['raw'];
  const upstream = typeof raw === 'string' ? (asObject(parseJson(raw)) ?? raw) : raw;
  return [error, Array.isArray(errors) ? errors[0] : null, asObject(message), upstream].filter(
    (value) => value !== undefined && value !== null,
  );
}

/** The inner error is the more exact one; text that both contain is shown once. */
function joined(inner: WireFailure, outer: WireFailure): WireFailure {
  return {
    words: [...inner.words, ...outer.words],
    message: joinedText(outer.message, inner.message),
    status: inner.status ?? outer.status,
    resetsAt: inner.resetsAt ?? outer.resetsAt,
    delayMs: inner.delayMs ?? outer.delayMs,
    windowTokens: inner.windowTokens ?? outer.windowTokens,
  };
}

function joinedText(outer: string | null, inner: string | null): string | null {
  if (outer === null || inner === null) return outer ?? inner;
  return outer.includes(inner) ? outer : `${outer}: ${inner}`;
}

/** `[{"loc": ["body", "x"], "msg": "…"}]`, as FastAPI and Mistral list what is wrong with a request. */
function detailText(detail: unknown): string | null {
  if (typeof detail === 'string') return detail;
  if (!Array.isArray(detail)) return null;
  const problems = detail.flatMap((value) => {
    const problem = asObject(value);
    const text = stringField(problem, 'msg') ?? stringField(problem, 'message');
    const place = Array.isArray(problem?.['loc']) ? `${problem['loc'].join('.')}: ` : '';
    return text === null ? [] : [`${place}${text}`];
  });
  return problems.length === 0 ? null : problems.join('; ');
}

function statusIn(value: unknown): number | null {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599 ? status : null;
}

function retryInfoMs(details: unknown): number | null {
  if (!Array.isArray(details)) return null;
  for (const detail of details) {
    const delay = stringField(asObject(detail), 'retryDelay');
    if (delay !== null) return durationMs(delay);
  }
  return null;
}

function inSeconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1_000;
}
