import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { proxyEnvironment } from '../../../../src/system/network/proxy/environment.ts';
import { endToEndHeaders } from '../../../../src/system/network/proxy/http-headers.ts';
import { requestTarget, tunnelTarget } from '../../../../src/system/network/proxy/http-target.ts';
import { readExactly } from '../../../../src/system/network/proxy/read-exactly.ts';

const { signal } = new AbortController();

describe('where a plain request goes', () => {
  const targetOf = (url: string, ...hosts: string[]) => {
    const target = requestTarget({ url, rawHeaders: ['Accept', '*/*', ...hosts.flatMap((host) => ['Host', host])] });
    return target.type === 'target'
      ? `${target.authority} ${target.host} ${target.port} ${target.path}`
      : target.message;
  };

  it.each<[string, string[], string]>([
    ['http://a.example/x?y=1', ['a.example'], 'a.example a.example 80 /x?y=1'],
    ['http://a.example', [], 'a.example a.example 80 /'],
    ['http://a.example?y', [], 'a.example a.example 80 /?y'],
    ['HTTP://A.Example:8080/X', ['a.EXAMPLE:8080'], 'a.example:8080 a.example 8080 /X'],
    ['http://a.example:80/', ['a.example'], 'a.example a.example 80 /'],
    ['http://a.example:/', ['a.example:'], 'a.example a.example 80 /'],
    ['http://[::1]:80/', ['[::1]'], '[::1] ::1 80 /'],
    ['http://[::1]:81/', ['[::1]:81'], '[::1]:81 ::1 81 /'],
    ['http://127.1/', ['127.0.0.1'], '127.0.0.1 127.0.0.1 80 /'],
    ['http://a.example//b/../c', [], 'a.example a.example 80 //b/../c'],
  ])('%s with Host %j', (url, hosts, target) => {
    expect(targetOf(url, ...hosts)).toBe(target);
  });

  it.each<[string, string[], RegExp]>([
    ['/x', ['a.example'], /takes requests with a whole URL/],
    ['https://a.example/', ['a.example'], /takes CONNECT/],
    ['HTTPS://a.example/', [], /takes CONNECT/],
    ['ftp://a.example/', [], /names no host/],
    ['a.example:80', [], /names no host/],
    ['*', [], /names no host/],
    ['', [], /names no host/],
    ['http://', [], /names no host/],
    ['http:///x', [], /names no host/],
    ['http://a@b.example/', [], /names no host/],
    ['http://a.example\\@b.example/', [], /names no host/],
    ['http://a.example#@b.example/', [], /names no host/],
    ['http://a.example/x#y', [], /names no host/],
    ['http://a example/', [], /names no host/],
    ['http://a.example:99999/', [], /names no host/],
    ['http://a.example/', ['b.example'], /name different hosts/],
    ['http://a.example/', ['a.example:8080'], /name different hosts/],
    ['http://a.example/', ['a.example', 'a.example'], /more than one Host/],
    ['http://a.example/', ['a.example, b.example'], /name different hosts/],
    ['http://a.example/', [''], /name different hosts/],
  ])('%s with Host %j is refused', (url, hosts, message) => {
    expect(targetOf(url, ...hosts)).toMatch(message);
  });
});

describe('what CONNECT asks for', () => {
  it.each<[string, object | null]>([
    ['a.example:443', { host: 'a.example', port: 443 }],
    ['[::1]:443', { host: '::1', port: 443 }],
    ['a.example', null],
    ['a.example:', null],
    ['a.example:0', null],
    ['http://a.example:443', null],
    ['a@b.example:443', null],
    ['::1:443', null],
    ['', null],
  ])('%s', (text, target) => expect(tunnelTarget(text)).toEqual(target));
});

describe('headers that are passed on', () => {
  it.each<[string, string[], string[], string[]]>([
    ['none', [], [], []],
    [
      'plain ones, in order and with their letters',
      ['X-B', '1', 'x-a', '2', 'X-B', '3'],
      [],
      ['X-B', '1', 'x-a', '2', 'X-B', '3'],
    ],
    [
      'not those for one hop',
      ['Proxy-Authorization', 'Basic x', 'Keep-Alive', 'y', 'TE', 'z', 'A', '1'],
      [],
      ['A', '1'],
    ],
    ['not what Connection names', ['Connection', 'close, X-Mine', 'X-MINE', '1', 'A', '2'], [], ['A', '2']],
    [
      'a length, whatever Connection names',
      ['Connection', 'Content-Length', 'Content-Length', '5'],
      [],
      ['Content-Length', '5'],
    ],
    ['not what is left out by name', ['Host', 'a', 'A', '1'], ['host'], ['A', '1']],
    ['one without a value', ['A'], [], ['A', '']],
  ])('%s', (_, raw, without, kept) => {
    expect(endToEndHeaders(raw, without)).toEqual(kept);
  });
});

describe('bytes that are read exactly', () => {
  it('come whole however they arrive, and the rest stays', async () => {
    const stream = new PassThrough();
    const reading = readExactly(stream, 4, signal);
    for (const part of ['a', 'bc', 'defg']) stream.write(part);
    expect(String(await reading)).toBe('abcd');
    expect(String(await readExactly(stream, 3, signal))).toBe('efg');
  });

  it('are none where none are asked for', async () => {
    expect(await readExactly(new PassThrough(), 0, signal)).toEqual(Buffer.alloc(0));
  });

  it.each<[string, (stream: PassThrough) => void]>([
    ['ends', (stream) => stream.end()],
    ['breaks', (stream) => stream.destroy()],
    ['fails', (stream) => stream.destroy(new Error('reset'))],
  ])('are null where the stream %s before', async (_, finish) => {
    const stream = new PassThrough();
    stream.on('error', () => undefined);
    const reading = readExactly(stream, 4, signal);
    stream.write('ab');
    finish(stream);
    expect(await reading).toBeNull();
    expect(await readExactly(stream, 4, signal)).toBeNull();
  });

  it('are null when the wait is stopped, and no listener stays behind', async () => {
    const stream = new PassThrough();
    const controller = new AbortController();
    const reading = readExactly(stream, 4, controller.signal);
    controller.abort();
    expect(await reading).toBeNull();
    expect(stream.listenerCount('readable') + stream.listenerCount('error')).toBe(0);
    expect(await readExactly(Readable.from(['abcd']), 4, AbortSignal.abort())).toBeNull();
  });
});

it('every variable of a proxy names its port, and this machine is reached without it', () => {
  const env = proxyEnvironment(4_711);
  for (const name of ['HTTP_PROXY', 'https_proxy', 'ALL_PROXY', 'npm_config_proxy', 'CARGO_HTTP_PROXY']) {
    expect(env[name]).toBe('http://127.0.0.1:4711');
  }
  for (const name of ['NO_PROXY', 'no_proxy', 'npm_config_noproxy'])
    expect(env[name]?.split(',')).toContain('127.0.0.1');
});
