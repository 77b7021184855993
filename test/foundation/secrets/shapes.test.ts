import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSecretParameter,
  MASK,
  maskedText,
  maskedUrl,
  maskSecrets,
  secretsOf,
} from '../../../src/foundation/secrets/index.ts';
import { isSecretValue } from '../../../src/foundation/secrets/secret-values.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';

/** Put together here, so that no scanner takes this file for one with keys in it. */
const key = (...parts: readonly string[]) => parts.join('');
const HEX = 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6';
const LONG = `${HEX}Zz9`;

/** Each kind of key that providers publish, with what starts it. */
const KINDS: readonly (readonly [provider: string, value: string])[] = [
  ['OpenAI', key('sk-', LONG)],
  ['Anthropic', key('sk-', 'ant-api03-', LONG)],
  ['Stripe, live', key('sk', '_live_', LONG)],
  ['Stripe, restricted', key('rk', '_test_', LONG)],
  ['GitHub, personal', key('ghp', '_', LONG)],
  ['GitHub, of an app', key('ghs', '_', LONG)],
  ['GitHub, fine-grained', key('github', '_pat_', LONG)],
  ['GitLab', key('glpat', '-', LONG)],
  ['GitLab, of a runner', key('glrt', '-', LONG)],
  ['Slack, of a bot', key('xoxb', '-123456789-', LONG)],
  ['Slack, of an app', key('xapp', '-1-A-', LONG)],
  ['AWS', key('AKIA', 'ABCDEFGHIJKLMNOP')],
  ['AWS, temporary', key('ASIA', 'ABCDEFGHIJKLMNOP')],
  ['Google', key('AIza', LONG)],
  ['Google, OAuth', key('ya29', '.', LONG)],
  ['npm', key('npm', '_', LONG)],
  ['PyPI', key('pypi', '-', LONG)],
  ['Hugging Face', key('hf', '_', LONG)],
  ['Groq', key('gsk', '_', LONG)],
  ['xAI', key('xai', '-', LONG)],
  ['Perplexity', key('pplx', '-', LONG)],
  ['NVIDIA', key('nvapi', '-', LONG)],
  ['Replicate', key('r8', '_', LONG)],
  ['DigitalOcean', key('dop', '_v1_', HEX)],
  ['Databricks', key('dapi', HEX)],
  ['Vault', key('hvs', '.', LONG)],
  ['Shopify', key('shpat', '_', HEX)],
  ['SendGrid', key('SG', '.', LONG, '.', LONG)],
  ['age', key('AGE-SECRET-', 'KEY-1', 'QPZRY9X8GF2TVDW0S3JN')],
  ['a JSON Web Token', key('eyJhbGciOiJIUzI1NiJ9', '.', 'eyJzdWIiOiIxMjM0NTYifQ', '.', LONG)],
];

describe('keys that are known by their form', () => {
  it.each(KINDS)('%s: wherever it is in a text, nothing of it is left', (_, value) => {
    expect(isSecretValue(value)).toBe(true);
    for (const [before, behind] of [
      ['', ''],
      ['key=', ''],
      ['"', '"'],
      ['{"token":"', '"}'],
      ['(', ')'],
      ['first ', '\nsecond'],
      ['https://host.example/?k=', '&x=1'],
    ] as const) {
      expect(maskSecrets(`${before}${value}${behind}`, [])).toBe(`${before}${MASK}${behind}`);
    }
  });

  it.each(KINDS)('%s: two in one line are both masked', (_, value) => {
    expect(maskSecrets(`a ${value} b ${value} c`, [])).toBe(`a ${MASK} b ${MASK} c`);
  });

  it.each(KINDS)('%s: its beginning alone is no key', (_, value) => {
    const start = value.slice(0, 6);
    expect(maskSecrets(`the form is ${start}…`, [])).toBe(`the form is ${start}…`);
  });

  it.each(['/opt/sk-', 'task-sk-', 'a.sk-', 'x_sk-'])('a longer word or path is none: %s', (start) => {
    const text = `${start}learn-environments-2026`;
    expect(maskSecrets(text, [])).toBe(text);
  });

  it('a private key is masked whole, also where its end is missing', () => {
    const begin = key('-----BEGIN RSA PRIVATE ', 'KEY-----');
    const end = key('-----END RSA PRIVATE ', 'KEY-----');
    expect(maskSecrets(`a\n${begin}\nMIIEpQ\nIBAAKC\n${end}\nb`, [])).toBe(`a\n${MASK}\nb`);
    expect(maskSecrets(`a ${begin}`, [])).toBe(`a ${MASK}`);
    expect(maskSecrets(key('-----BEGIN PUBLIC ', 'KEY-----'), [])).not.toContain(MASK);
  });

  it('two private keys are two, and the words between them stay', () => {
    const one = `${key('-----BEGIN PRIVATE ', 'KEY-----')}\nMII\n${key('-----END PRIVATE ', 'KEY-----')}`;
    expect(maskSecrets(`${one} and ${one}`, [])).toBe(`${MASK} and ${MASK}`);
  });

  it.each([
    ['Authorization: Bearer abc123def456ghi', 'Authorization: ***'],
    ['authorization: basic YWRhOnNlc2FtZQ==', 'authorization: ***'],
    ['"Authorization": "token abc123def"', '"Authorization": "***"'],
    ['proxy-authorization=abc123def', 'proxy-authorization=***'],
    ['sent as bearer abcdefghijk1234', 'sent as bearer ***'],
    ['https://hooks.slack.com/services/T0/B0/xyz', 'https://hooks.slack.com/***'],
    ['https://discord.com/api/webhooks/1/abc', 'https://discord.com/api/webhooks/***'],
    ['see https://ada:sesame@host.example/a@b', 'see https://***@host.example/a@b'],
    ['ssh://git@host.example:22/x.git', 'ssh://***@host.example:22/x.git'],
  ])('%s becomes %s', (text, masked) => {
    expect(maskSecrets(text, [])).toBe(masked);
  });

  it('masking what is masked changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS.map(([, value]) => value)), fc.string(), fc.string(), (value, a, b) => {
        const once = maskSecrets(`${a} ${value} ${b}`, [value]);
        expect(maskSecrets(once, [value])).toBe(once);
        expect(once).not.toContain(value);
      }),
    );
  });

  it('takes time in proportion to the text, whatever it is', () => {
    for (const hostile of [
      '-----BEGIN ',
      'eyJ',
      'https://',
      'authorization: ',
      'a://',
      '@:',
      'sk-',
      'bearer ',
      '"auth":',
    ]) {
      const text = hostile.repeat(20_000);
      const look = () => [maskSecrets(text, ['sesame-street']), isSecretValue(text)];
      expect(cpuSeconds(look)).toBeLessThan(10);
    }
  });
});

describe('known secrets', () => {
  it.each(['', 'a', 'abc'])('are not looked for where they are too short: %j', (secret) => {
    expect(maskSecrets('abcabc', [secret])).toBe('abcabc');
  });

  it('with signs of regular expressions are taken as they are', () => {
    expect(maskSecrets('x a.c+$& y abc', ['a.c+$&'])).toBe('x *** y abc');
  });

  it('are found where a program prints them within JSON or an address', () => {
    const secret = 'pa"ss\\wo/rd ü';
    const text = `${JSON.stringify({ secret })} ${encodeURIComponent(secret)} ${secret}`;
    expect(maskSecrets(text, [secret])).toBe(`{"secret":"${MASK}"} ${MASK} ${MASK}`);
  });

  it('with half a character in them are no error', () => {
    expect(maskSecrets('a half\ud83d b', ['half\ud83d'])).toBe(`a ${MASK} b`);
  });
});

describe('addresses', () => {
  it.each([
    ['https://host.example/v1', 'https://host.example/v1'],
    ['https://host.example/?page=2&token=sesame', 'https://host.example/?page=2&token=***'],
    ['https://host.example/?SIG=sesame', 'https://host.example/?SIG=***'],
    ['https://host.example/?code=sesame&state=x', 'https://host.example/?code=***&state=x'],
    ['https://host.example/?a=1&token=x&token=y', 'https://host.example/?a=1&token=***'],
    ['https://sesame@host.example/', 'https://***@host.example/'],
    ['https://:sesame@host.example/', 'https://***@host.example/'],
    ['not an address', 'not an address'],
    ['', ''],
  ])('%s is shown as %s', (address, shown) => {
    expect(maskedUrl(address)).toBe(shown);
  });

  it('have parameters that are secrets by their names alone', () => {
    for (const name of ['token', 'api_key', 'sig', 'Signature', 'X-Amz-Signature', 'code']) {
      expect(isSecretParameter(name)).toBe(true);
    }
    for (const name of ['page', 'state', 'se', 'q', 'encoding']) expect(isSecretParameter(name)).toBe(false);
  });
});

describe('one word of a command line or a setting', () => {
  it.each([
    ['--token=sesame', '--token=***'],
    ['--url=https://host.example/?api_key=sesame', '--url=https://host.example/?api_key=***'],
    ['X-Api-Key: sesame', 'X-Api-Key: ***'],
    ['Accept: text/html', 'Accept: text/html'],
    ['A=B=sesame', 'A=B=sesame'],
    ['A=TOKEN=sesame', 'A=TOKEN=***'],
    ['MAX_TOKENS=4096', 'MAX_TOKENS=4096'],
    ['https://HOST.example', 'https://HOST.example'],
    ['--empty=', '--empty='],
    ['=value', '=value'],
  ])('%s is shown as %s', (word, shown) => {
    expect(maskedText(word)).toBe(shown);
  });
});

it('the secrets of an environment are those by name or form, without the blanks around them', () => {
  const env = {
    PATH: '/usr/bin:/bin',
    API_TOKEN: ' sesame-street \n',
    SHORT_TOKEN: 'abc',
    NOTE: key('ghp', '_', LONG),
    MAX_TOKENS: '12345678',
    EMPTY_KEY: '',
    GONE: undefined,
  };
  expect(secretsOf(env)).toEqual(['sesame-street', key('ghp', '_', LONG)]);
});
