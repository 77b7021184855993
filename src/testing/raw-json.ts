/**
 * The raw text of each top-level field of a JSON object, cut from a text that is known to be valid: comparing bytes needs
 * the bytes as they were sent, not as another serialiser would write them.
 */
export function rawFields(json: string): Map<string, string> {
  const fields = new Map<string, string>();
  let depth = 0;
  let start = 0;
  let key: string | null = null;
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at];
    if (char === '"') at = stringEnd(json, at);
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (char === ':' && depth === 1 && key === null) {
      key = String(JSON.parse(json.slice(start, at)));
      start = at + 1;
    } else if (char === '}' || char === ']' || (char === ',' && depth === 1)) {
      if (char !== ',') depth -= 1;
      const closes = depth === 0 || char === ',';
      if (closes && key !== null) fields.set(key, json.slice(start, at).trim());
      if (closes) {
        key = null;
        start = at + 1;
      }
    }
  }
  return fields;
}

/** Index of the quote that closes the string opened at `from`. */
function stringEnd(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
