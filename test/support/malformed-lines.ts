import fc from 'fast-check';

/** Inputs that are made of one message. */
const VARIANTS = 10;

/**
 * Lines for a server of JSON-RPC: messages of the wrong shape, requests with params at random, and what is no message at all.
 * `KEEL_RUNS` in place of the usual number.
 */
export function malformedLines(methods: readonly string[], usual: number): readonly string[] {
  const count = Number(process.env['KEEL_RUNS'] ?? usual);
  return fc.sample(lineOf(methods), Math.ceil(count / VARIANTS)).flatMap(variants);
}

function lineOf(methods: readonly string[]) {
  const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
  const method = fc.oneof(fc.constantFrom(...methods, 'nonsense', '__proto__'), fc.string());
  const envelope = fc.record(
    {
      jsonrpc: fc.oneof(fc.constant('2.0'), json),
      id: json,
      method: fc.oneof(method, json),
      params: json,
      result: json,
      error: json,
    },
    { requiredKeys: [] },
  );
  const request = fc.record({ jsonrpc: fc.constant('2.0'), id: fc.nat(), method, params: json });
  return fc.oneof(
    { weight: 4, arbitrary: envelope.map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: request.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: json.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r\n]/g, ' ')) },
    { weight: 1, arbitrary: envelope.map((value) => JSON.stringify(value).slice(0, -3)) },
  );
}

/** The message itself, and others with a piece left out or put in. */
function variants(text: string): string[] {
  const at = (part: number) => Math.floor((text.length * part) / VARIANTS);
  return Array.from({ length: VARIANTS }, (_, part) => {
    if (part === 0) return text;
    return part % 2 === 0
      ? text.slice(0, at(part)) + text.slice(at(part) + part)
      : `${text.slice(0, at(part))}"${text.slice(at(part))}`;
  });
}
