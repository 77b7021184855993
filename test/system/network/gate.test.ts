import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKind } from '../../../src/system/network/gate/addresses.ts';
import { matchesAny } from '../../../src/system/network/gate/domain-rules.ts';
import { Gate } from '../../../src/system/network/gate/gate.ts';
import { parseHost } from '../../../src/system/network/gate/host.ts';
import { endToEndHeaders } from '../../../src/system/network/proxy/http-headers.ts';
import { requestTarget, tunnelTarget } from '../../../src/system/network/proxy/http-target.ts';
import { patterns } from './support.ts';

const { signal } = new AbortController();
const name = fc.constantFrom(
  'a.test',
  'b.a.test',
  'c.b.a.test',
  'b.test',
  'localhost',
  'x.localhost',
  '10.0.0.1',
  '8.8.8.8',
  '::1',
);
const entry = fc
  .tuple(fc.constantFrom('', '*.', '**.'), name)
  .map(([start, host]) => (isIP(host) === 0 ? `${start}${host}` : host));
const world = fc.record({
  allowed: fc.array(entry, { maxLength: 4 }),
  denied: fc.array(entry, { maxLength: 2 }),
  mode: fc.constantFrom('full', 'limited'),
  allowLocalBinding: fc.boolean(),
  addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('1.1.1.1', '127.0.0.1', '169.254.169.254')), {
    maxLength: 3,
  }),
  host: name,
  port: fc.integer({ min: 1, max: 65_535 }),
  protocol: fc.constantFrom('http', 'https', 'socks5'),
  method: fc.constantFrom('GET', 'POST'),
  answer: fc.constantFrom('allowed', 'refused', 'throws'),
  ruled: fc.constantFrom('none', 'allowed', 'prompt', 'forbidden'),
});

describe('T39: the gate, whatever the lists', () => {
  test('denied is never open or looked up; nothing opens that no list, rule or answer names; local stays closed', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ addresses, host, port, protocol, method, answer, ruled, ...lists }) => {
        const rules = { ...lists, allowed: patterns(lists.allowed), denied: patterns(lists.denied) };
        const lookedUp: string[] = [];
        let asked = 0;
        const gate = new Gate({
          rules,
          resolve: async (looked) => {
            lookedUp.push(looked);
            return addresses;
          },
          ruleOf: () => (ruled === 'prompt' || ruled === 'forbidden' ? { type: ruled, reason: null } : { type: ruled }),
          ask: async () => {
            asked += 1;
            if (answer === 'throws') throw new Error('x');
            return answer === 'allowed' ? { type: 'allowed' } : { type: 'refused', message: null };
          },
        });
        const parsed = parseHost(host) ?? '';
        const verdict = await gate.judge({ host: parsed, port, protocol }, signal, method);
        const isListed = matchesAny(rules.allowed, parsed, port);
        const isDenied = matchesAny(rules.denied, parsed, port) || ruled === 'forbidden';
        const isYes = asked > 0 && answer === 'allowed';
        if (isDenied) expect(verdict).toMatchObject({ type: 'refused', reason: 'denied' });
        if (isDenied) expect([lookedUp, asked]).toEqual([[], 0]);
        if (verdict.type === 'refused') {
          expect(gate.refusedSince(0)).toHaveLength(1);
          return;
        }
        expect(isListed || ruled === 'allowed' || isYes).toBe(true);
        if (ruled === 'prompt') expect(isYes).toBe(true);
        if (rules.mode === 'limited') expect([protocol, method]).toEqual(['http', 'GET']);
        expect(verdict.addresses.length).toBeGreaterThan(0);
        for (const address of lookedUp.length > 0 ? verdict.addresses : []) {
          expect(matchesAny(rules.denied, address, port)).toBe(false);
          expect(lists.allowLocalBinding ? ['public', 'private', 'loopback'] : ['public']).toContain(
            addressKind(address),
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what a request names', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }).map((url) => url.replace('https', 'http')),
    fc.string({ unit: fc.constantFrom('http://', 'a.test', ':80', '@', '/', '?', '#', '\\', '[', ']', '::1', ' ') }),
  );

  test('is read without a fault, and what comes out is a host, a port and a path', () => {
    fc.assert(
      fc.property(text, text, (url, named) => {
        const target = requestTarget({ url, rawHeaders: ['Host', named] });
        if (target.type === 'target') {
          expect(parseHost(target.host)).toBe(target.host);
          expect(target.path).toMatch(/^\//);
          expect(parseHost(named.replace(/:\d*$/, '')) ?? target.host).toBe(target.host);
        }
        const tunnel = tunnelTarget(url);
        if (tunnel !== null) expect(parseHost(tunnel.host)).toBe(tunnel.host);
      }),
      { numRuns: 2_000 },
    );
  });

  test('headers: none for one hop is left, every other one stays in its place', () => {
    const header = fc.tuple(
      fc.constantFrom('X', 'Connection', 'TE', 'Upgrade', 'Content-Length', 'Y'),
      fc.constantFrom('1', 'x, y', 'close'),
    );
    fc.assert(
      fc.property(fc.array(header), (pairs) => {
        const kept = endToEndHeaders(pairs.flat());
        const named = pairs.filter(([key]) => key === 'Connection').flatMap(([, value]) => value.split(', '));
        const wanted = pairs.filter(
          ([key]) => !['Connection', 'TE', 'Upgrade'].includes(key) && !named.includes(key.toLowerCase()),
        );
        expect(kept).toEqual(wanted.flat());
      }),
    );
  });
});
