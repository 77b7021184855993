import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressKind, addressKind, canonicalAddress } from '../../../../src/system/network/gate/addresses.ts';
import {
  formatAddress,
  formatHostAndPort,
  parseHost,
  parseHostAndPort,
} from '../../../../src/system/network/gate/host.ts';

describe('what an address leads to', () => {
  it.each<[AddressKind, string[]]>([
    [
      'public',
      ['1.1.1.1', '8.8.8.8', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '100.63.255.255'],
    ],
    [
      'public',
      ['100.128.0.0', '11.0.0.0', '9.255.255.255', '126.255.255.255', '128.0.0.0', '223.255.255.255', '198.17.255.255'],
    ],
    ['public', ['198.20.0.0', '192.0.1.0', '192.0.3.0', '203.0.112.255', '168.63.129.15', '168.63.129.17']],
    [
      'loopback',
      ['127.0.0.1', '127.0.0.0', '127.255.255.255', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:0:0:1'],
    ],
    [
      'private',
      ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.1', '100.64.0.0', '100.127.255.255'],
    ],
    ['private', ['fc00::1', 'fd12:3456::1', 'fdff::', '::ffff:10.0.0.1', '64:ff9b::a00:1', '64:ff9b::10.0.0.1']],
    [
      'special',
      ['0.0.0.0', '0.1.2.3', '169.254.169.254', '169.254.0.0', '169.254.255.255', '224.0.0.1', '239.255.255.255'],
    ],
    [
      'special',
      ['240.0.0.1', '255.255.255.255', '192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255'],
    ],
    ['special', ['168.63.129.16', '100.100.100.200', '192.88.99.1', '192.0.0.1', '::', '::ffff:169.254.169.254']],
    [
      'special',
      [
        '64:ff9b::a9fe:a9fe',
        'fd00:ec2::254',
        'fe80::1',
        'fec0::1',
        'ff02::1',
        '2001::1',
        '2001:db8::1',
        '2002:a00:1::',
      ],
    ],
    ['special', ['3fff::1', '::7f00:1', '::2', '100::1', '4000::1', '64:ff9b:1::1']],
    ['public', ['2606:4700::1111', '2001:4860::8888', '2a00::1', '2000::', '64:ff9b::808:808', '::ffff:8.8.8.8']],
    [
      'special',
      [
        '',
        'a',
        'localhost',
        '1.2.3',
        '1.2.3.4.5',
        '256.1.1.1',
        '::1%lo',
        'fe80::1%eth0',
        '[::1]',
        '1.1.1.1 ',
        '01.1.1.1',
      ],
    ],
  ])('%s: %j', (kind, addresses) => {
    for (const address of addresses) expect({ address, kind: addressKind(address) }).toEqual({ address, kind });
  });

  it('is the same in every spelling', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const canonical = canonicalAddress(address) ?? '';
        expect(canonicalAddress(canonical)).toBe(canonical);
        expect(addressKind(canonical)).toBe(addressKind(address));
        expect(addressKind(address.toUpperCase())).toBe(addressKind(address));
      }),
    );
  });

  it('is that of an IPv4 address, mapped or translated into IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const kind = addressKind(address);
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const groups = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const spelled of [
          `::ffff:${address}`,
          `::ffff:${groups}`,
          `0:0:0:0:0:ffff:${groups}`,
          `64:ff9b::${groups}`,
        ]) {
          expect({ spelled, kind: addressKind(spelled) }).toEqual({ spelled, kind });
        }
        expect(canonicalAddress(`::ffff:${groups}`)).toBe(address);
      }),
    );
  });
});

describe('a host', () => {
  it.each<[string, string | null]>([
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['example.com..', null],
    ['.example.com', null],
    ['a..b', null],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a_b.example', 'a_b.example'],
    ['-a.example', null],
    ['a-.example', null],
    ['a.example/x', null],
    ['user@a.example', null],
    ['a.example:80', null],
    ['a example', null],
    ['a\u00adb.example', null],
    ['a%2eexample', null],
    ['a\0.example', null],
    ['*.example', null],
    ['localhost', 'localhost'],
    ['127.1', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['1.2.3.256', null],
    ['a.123', null],
    ['a.0x1', null],
    ['[::1]', '::1'],
    ['::1', '::1'],
    ['[::1%eth0]', '::1'],
    ['[::ffff:1.2.3.4]', '1.2.3.4'],
    ['[1.2.3.4]', '1.2.3.4'],
    ['[a.example]', null],
    ['[', null],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    [`${'a'.repeat(64)}.example`, null],
    [Array(64).fill('aaa').join('.'), null],
    ['ｅｘａｍｐｌｅ.com', 'example.com'],
    ['example。com', 'example.com'],
    ['', null],
    ['.', null],
  ])('%j is %j', (text, host) => expect(parseHost(text)).toBe(host));

  it.each<[string, string | null, number | null]>([
    ['a.example', 'a.example', null],
    ['a.example:1', 'a.example', 1],
    ['a.example:65535', 'a.example', 65_535],
    ['a.example:0', null, null],
    ['a.example:65536', null, null],
    ['a.example:', null, null],
    ['a.example:x', null, null],
    ['a.example:-1', null, null],
    ['a.example:80:80', null, null],
    ['[::1]:80', '::1', 80],
    ['[::1]', '::1', null],
    ['::1', '::1', null],
    ['::1:80', '::1:80', null],
    ['1.2.3.4:80', '1.2.3.4', 80],
    [':80', null, null],
    ['a b:80', null, null],
  ])('with a port: %j is %j and %s', (text, host, port) => {
    expect(parseHostAndPort(text)).toEqual(host === null ? null : { host, port });
  });

  it('is written so that it is read as the same', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()).map((text) => parseHost(text) ?? 'a.example');
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        expect(parseHostAndPort(formatHostAndPort(name, port))).toEqual({ host: name, port });
        expect(parseHost(name)).toBe(name);
      }),
    );
  });

  it('is read from its bytes', () => {
    expect(formatAddress(new Uint8Array([127, 0, 0, 1]))).toBe('127.0.0.1');
    const bytes = new Uint8Array(16);
    bytes[15] = 1;
    expect(parseHost(formatAddress(bytes))).toBe('::1');
    expect(addressKind(formatAddress(bytes))).toBe('loopback');
  });
});
