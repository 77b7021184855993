import { asObject, parseJson } from '../json/index.ts';
import { readFailure, type WireFailure } from './wire-failure.ts';

const MAY_BE_ERROR = /"error"\s*(?:[,}]|:\s*["{[])/;

/**
 * The failure that an event of a stream is, in whichever form a server or a gateway before it reports one: an `error` object,
 * an object that calls itself an error (vLLM), an error of the choice (OpenRouter), or an event of that name. Null for any
 * other event; what a response says of its own end is the decoder's to read.
 * @param name that of the server-sent event, where it has one
 */
export function failureIn(data: string, name?: string): WireFailure | null {
  const isNamed = name === 'error';
  // Nearly all events are something else: their JSON is parsed once, by the decoder.
  if (!isNamed && !MAY_BE_ERROR.test(data)) return null;
  const value = parseJson(data);
  const object = asObject(Array.isArray(value) ? value[0] : value);
  if (object === null) return isNamed ? readFailure(value ?? data) : null;
  if (isNamed || object['error'] || object['type'] === 'error' || object['object'] === 'error') {
    return readFailure(object);
  }
  const choices = object['choices'];
  const error = Array.isArray(choices) ? asObject(choices[0])?.['error'] : null;
  return error ? readFailure(error) : null;
}
