import { expect } from 'vitest';

type Json = Readonly<Record<string, unknown>>;

/** What the Messages API refuses with a 400, as far as it is known to: no request may break one of these rules. */
export function expectTaken(body: Json): void {
  const messages = objects(body['messages']);
  expect(messages.map(({ role }) => role)).toEqual(messages.map((_, at) => (at % 2 === 0 ? 'user' : 'assistant')));
  expect(messages.at(-1)?.['role']).toBe('user');
  const blocks = messages.map(({ content }) => objects(content));
  const ids = new Set<unknown>();
  for (const [at, own] of blocks.entries()) {
    expect(own.length).toBeGreaterThan(0);
    if (messages[at]?.['role'] === 'assistant') {
      expect(own.at(-1)?.['type']).not.toMatch(/thinking$/);
      for (const { type, id } of own) if (type === 'tool_use') expect(ids.has(id)).toBe(false);
      for (const { id } of own) if (id !== undefined) ids.add(id);
    }
    for (const { type, text } of own) if (type === 'text') expect(String(text).trim()).not.toBe('');
    const calls = (blocks[at - 1] ?? []).flatMap(({ type, id }) => (type === 'tool_use' ? [id] : []));
    const results = own.filter(({ type }) => type === 'tool_result');
    expect(results.map(({ tool_use_id }) => tool_use_id)).toEqual(calls);
    expect(own.slice(0, results.length)).toEqual(results);
  }
  expect(String(JSON.stringify(body).split('"cache_control"').length - 1)).toMatch(/^[0-4]$/);
  if (objects(body['tools']).length === 0) expect(body).not.toHaveProperty('tool_choice');
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value : [];
}
