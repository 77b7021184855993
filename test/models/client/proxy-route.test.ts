import { describe, expect, test } from 'vitest';
import { proxyRoute } from '../../../src/models/client/index.ts';

type Env = Readonly<Record<string, string>>;

/** Where a request to `url` goes: `direct`, or the proxy's address. */
function routeOf(url: string, env: Env): string {
  const route = proxyRoute(new URL(url), env, '24.5.0');
  return route.type === 'direct' ? 'direct' : route.url;
}

describe('which proxy', () => {
  test.each<[string, string, Env, string]>([
    ['none is named', 'https://model.example/v1', {}, 'direct'],
    ['HTTP_PROXY is for http', 'http://model.example/v1', { HTTP_PROXY: 'http://proxy:1' }, 'http://proxy:1/'],
    ['HTTP_PROXY is not for https', 'https://model.example/v1', { HTTP_PROXY: 'http://proxy:1' }, 'direct'],
    ['HTTPS_PROXY', 'https://model.example/v1', { HTTPS_PROXY: 'http://proxy:1' }, 'http://proxy:1/'],
    ['ALL_PROXY is for both', 'https://model.example/v1', { ALL_PROXY: 'http://proxy:1' }, 'http://proxy:1/'],
    [
      'its own variable wins over ALL_PROXY',
      'http://m.example',
      { all_proxy: 'http://a:1', http_proxy: 'http://b:1' },
      'http://b:1/',
    ],
    ['no scheme', 'http://model.example/v1', { HTTP_PROXY: 'proxy.example:8080' }, 'http://proxy.example:8080/'],
    ['a password', 'http://model.example/v1', { HTTP_PROXY: 'http://u:p@proxy:1' }, 'http://u:p@proxy:1/'],
    ['an empty value', 'http://model.example/v1', { HTTP_PROXY: '' }, 'direct'],
  ])('%s', (_, url, env, expected) => expect(routeOf(url, env)).toBe(expected));

  test.each(['localhost', 'LOCALHOST.', 'a.localhost', '127.0.0.1', '127.8.9.1', '[::1]', '0.0.0.0'])(
    '%s is never reached through one',
    (host) => expect(routeOf(`http://${host}:11434/v1`, { HTTP_PROXY: 'http://proxy:1' })).toBe('direct'),
  );

  test.each(['localhost.evil.example', '127.0.0.1.evil.example', '128.0.0.1', 'notlocalhost'])(
    '%s is not this machine',
    (host) => expect(routeOf(`http://${host}/v1`, { HTTP_PROXY: 'http://proxy:1' })).not.toBe('direct'),
  );

  test.each([
    ['socks5://proxy:1080', /ALL_PROXY can't be used: socks5 proxies are not supported/],
    ['socks4a://proxy:1080', /socks4a proxies are not supported/],
    ['http://', /not the address of a proxy/],
    ['http://proxy:99999', /not the address of a proxy/],
  ])('%s is refused by name, not passed over', (value, expected) => {
    expect(() => routeOf('https://model.example/v1', { ALL_PROXY: value })).toThrow(expected);
  });

  test('a Node.js that can\u2019t use one says so', () => {
    const env = { HTTP_PROXY: 'http://proxy:1' };
    const url = new URL('http://model.example');
    for (const version of ['22.20.0', '24.4.1', '23.11.0'])
      expect(() => proxyRoute(url, env, version)).toThrow(/22\.21/);
    for (const version of ['22.21.0', '24.5.0', '25.0.0']) expect(proxyRoute(url, env, version).type).toBe('proxy');
  });
});

describe('NO_PROXY', () => {
  test.each([
    ['*', 'a.example', true],
    ['example.com', 'example.com', true],
    ['example.com', 'api.example.com', true],
    ['.example.com', 'api.example.com', true],
    ['*.example.com', 'api.example.com', true],
    ['EXAMPLE.com', 'example.com', true],
    ['example.com', 'notexample.com', false],
    ['other.example, example.com', 'example.com', true],
    ['other.example example.com', 'example.com', true],
    ['example.com:8080', 'example.com:8080', true],
    ['example.com:8080', 'example.com:81', false],
    ['example.com:80', 'example.com', true],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/99', '10.0.0.0', false],
    ['10.0.0.1-10.0.0.9', '10.0.0.5', true],
    ['10.0.0.9-10.0.0.1', '10.0.0.5', false],
    ['10.0.0.7', '10.0.0.7', true],
    ['fd00::/8', '[fd12::1]', true],
    ['fd00::1', '[fd00::1]', true],
    ['[fd00::1]:81', '[fd00::1]:81', true],
    ['[fd00::1]:81', '[fd00::1]:82', false],
  ])('%s for %s', (list, host, isExcepted) => {
    const route = routeOf(`http://${host}/v1`, { HTTP_PROXY: 'http://proxy:1', NO_PROXY: list });
    expect(route).toBe(isExcepted ? 'direct' : 'http://proxy:1/');
  });
});
