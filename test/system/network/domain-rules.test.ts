import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKind } from '../../../src/system/network/gate/addresses.ts';
import { matchesAny } from '../../../src/system/network/gate/domain-rules.ts';
import { parseHost } from '../../../src/system/network/gate/host.ts';
import { type DomainPattern, parseHostAndPort, parsePattern } from '../../../src/system/network/index.ts';

function patterns(...texts: string[]): DomainPattern[] {
  return texts.map((text) => {
    const parsed = parsePattern(text);
    if (parsed.type === 'fault') throw new Error(`${text}: ${parsed.message}`);
    return parsed.pattern;
  });
}

function matches(list: readonly string[], host: string, port = 443): boolean {
  const parsed = parseHost(host);
  return parsed !== null && matchesAny(patterns(...list), parsed, port);
}

describe('T39: lists of domains', () => {
  test.each([
    ['*.a.com', 'a.com', false],
    ['*.a.com', 'b.a.com', true],
    ['*.a.com', 'c.b.a.com', true],
    ['*.a.com', 'ba.com', false],
    ['*.a.com', 'a.com.evil.org', false],
    ['**.a.com', 'a.com', true],
    ['**.a.com', 'b.a.com', true],
    ['**.a.com', 'ba.com', false],
    ['a.com', 'a.com', true],
    ['a.com', 'b.a.com', false],
    ['A.Com.', 'a.COM', true],
    ['a.com', 'A.com.', true],
    ['bücher.de', 'xn--bcher-kva.de', true],
    ['xn--bcher-kva.de', 'BÜCHER.de', true],
    ['a.com', 'a。com', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '0xa.1', true],
    ['127.0.0.1', '2130706433', true],
    ['[::1]', '0:0:0:0:0:0:0:1', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '[::ffff:a00:1]', true],
    ['a.com:443', 'a.com', true],
    ['a.com:80', 'a.com', false],
    ['*.a.com:443', 'b.a.com', true],
    ['[2606:4700::1]:443', '2606:4700:0::1', true],
  ])('%s and %s: %s', (pattern, host, isMatch) => {
    expect(matches([pattern], host)).toBe(isMatch);
  });

  test('an empty list matches nothing', () => {
    expect(matches([], 'a.com')).toBe(false);
  });

  test.each(['*', '**', '*.', '', ' ', '*.*.com', 'a*.com', 'http://a.com', 'a.com/x', 'a.com:0', 'a.com:99999'])(
    'the entry "%s" is a fault',
    (text) => {
      expect(parsePattern(text)).toMatchObject({ type: 'fault' });
    },
  );

  test.each([
    '*.10.0.0.1',
    '**.::1',
    'u@a.com',
    'a..com',
    '-a.com',
    '1.2.3.4.5',
    'a.com:x',
    'a b',
    'a\0.com',
    '%61.com',
  ])('the entry "%s" is a fault', (text) => {
    expect(parsePattern(text)).toMatchObject({ type: 'fault' });
  });
});

describe('fuzzed', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({
      unit: fc.constantFrom('.', '*', ':', '[', ']', '%', '0', 'x', 'a', '-', '。', 'ß', '\0', '/'),
      maxLength: 40,
    }),
    fc.webAuthority({ withIPv4: true, withIPv6: true, withPort: true, withUserInfo: true }),
  );

  test('parsing is total, and its result is a fixed point', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const host = parseHost(text);
        if (host !== null) {
          expect(parseHost(host)).toBe(host);
          expect(parseHost(`${host.toUpperCase()}`)).toBe(host);
          expect(host).toMatch(/^[a-z0-9._:-]+$/);
        }
        const both = parseHostAndPort(text);
        if (both !== null) expect(parseHost(both.host)).toBe(both.host);
        parsePattern(text);
        expect(['public', 'loopback', 'private', 'special']).toContain(addressKind(text));
      }),
      { numRuns: 3_000 },
    );
  });

  test('a pattern for what is below a host matches no host that does not end in it', () => {
    fc.assert(
      fc.property(fc.domain(), fc.domain(), (host, base) => {
        const isBelow = host.toLowerCase().endsWith(`.${base.toLowerCase()}`);
        expect(matches([`*.${base}`], host)).toBe(isBelow);
        expect(matches([`**.${base}`], base)).toBe(true);
        expect(matches([`*.${base}`], base)).toBe(false);
        expect(matches([`*.${base}`], `x.${base}`)).toBe(`x.${base}`.length <= 253);
      }),
    );
  });

  test('an IPv4 address is judged the same mapped into IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(addressKind(`::ffff:${address}`)).toBe(addressKind(address));
        expect(parseHost(`[::ffff:${address}]`)).toBe(address);
      }),
    );
  });
});

test.each([
  ['1.1.1.1', 'public'],
  ['93.184.216.34', 'public'],
  ['2606:4700:4700::1111', 'public'],
  ['64:ff9b::1.1.1.1', 'public'],
  ['64:ff9b::127.0.0.1', 'loopback'],
  ['64:ff9b::a9fe:a9fe', 'special'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::127.0.0.1', 'special'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12::1', 'private'],
  ['169.254.169.254', 'special'],
  ['100.100.100.200', 'special'],
  ['168.63.129.16', 'special'],
  ['fd00:ec2::254', 'special'],
  ['fe80::1', 'special'],
  ['fe80::1%eth0', 'special'],
  ['0.0.0.0', 'special'],
  ['::', 'special'],
  ['224.0.0.1', 'special'],
  ['ff02::1', 'special'],
  ['255.255.255.255', 'special'],
  ['192.0.2.1', 'special'],
  ['2001:db8::1', 'special'],
  ['2002:7f00:1::', 'special'],
  ['2001::1', 'special'],
  ['fec0::1', 'special'],
  ['no address', 'special'],
])('%s is %s', (address, kind) => {
  expect(addressKind(address)).toBe(kind);
});
