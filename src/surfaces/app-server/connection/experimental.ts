import { ErrorCode, MethodError } from '../methods/method.ts';

/** Methods that the protocol may still change. */
const METHODS = [
  ...['thread/backgroundTerminals/clean', 'thread/search/partial', 'collaborationMode/list'],
  ...['fuzzyFileSearch/sessionStart', 'fuzzyFileSearch/sessionUpdate', 'fuzzyFileSearch/sessionStop'],
];
const THREAD_FIELDS = [
  'dynamicTools',
  'experimentalRawEvents',
  'persistExtendedHistory',
  'environments',
  'permissions',
];
/** Parameters of stable methods that it may still change. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'thread/start': THREAD_FIELDS,
  'thread/resume': [...THREAD_FIELDS, 'history'],
  'thread/fork': THREAD_FIELDS,
  'turn/start': ['collaborationMode', 'environments', 'permissions'],
};

/** @throws MethodError for what a client has to ask for at its `initialize`, and has not */
export function requireOptIn(method: string, params: unknown): void {
  if (METHODS.includes(method)) throw optInMissing(method);
  const fields = Object.hasOwn(FIELDS, method) ? (FIELDS[method] ?? []) : [];
  const given: Readonly<Record<string, unknown>> = typeof params === 'object' && params !== null ? { ...params } : {};
  const field = fields.find((name) => given[name] !== undefined && given[name] !== null);
  if (field !== undefined) throw optInMissing(`${method}.${field}`);
}

function optInMissing(descriptor: string): MethodError {
  return new MethodError(ErrorCode.invalidRequest, `${descriptor} requires experimentalApi capability`);
}
