import { describe, expect, test } from 'vitest';
import { resolveCredentials } from '../../../src/models/client/index.ts';
import { providerAt } from '../support.ts';

const openai = providerAt('https://api.openai.com/v1', { id: 'openai', name: 'OpenAI', requiresOpenaiAuth: true });
const acme = providerAt('https://acme.example/v1', { id: 'acme', name: 'ACME', envKey: 'ACME_KEY' });
const openaiVariables = { KEEL_API_KEY: 'keel', CODEX_API_KEY: 'codex', OPENAI_API_KEY: 'openai' };
const stored = { apiKey: 'stored', path: '/home/me/.keel/auth.json' };

describe('credentials', () => {
  test('a literal token wins over everything', () => {
    const provider = { ...openai, bearerToken: 'literal', envKey: 'ACME_KEY' };

    expect(resolveCredentials(provider, { ...openaiVariables, ACME_KEY: 'own' }, stored)).toEqual({
      bearer: 'literal',
      source: 'experimental_bearer_token of provider "openai"',
      headers: {},
    });
  });

  test("the provider's own variable wins over the general ones", () => {
    const provider = { ...openai, envKey: 'OWN' };

    expect(resolveCredentials(provider, { ...openaiVariables, OWN: ' own\n' }, stored)).toMatchObject({
      bearer: 'own',
      source: 'the environment variable OWN',
    });
  });

  test('the general variables are asked in order, then the stored key', () => {
    const found = [];
    const env: Record<string, string> = { ...openaiVariables };
    for (const name of ['KEEL_API_KEY', 'CODEX_API_KEY', 'OPENAI_API_KEY', 'none']) {
      found.push(resolveCredentials(openai, env, stored));
      env[name] = ' ';
    }

    expect(found.map(({ bearer, source }) => [bearer, source])).toEqual([
      ['keel', 'the environment variable KEEL_API_KEY'],
      ['codex', 'the environment variable CODEX_API_KEY'],
      ['openai', 'the environment variable OPENAI_API_KEY'],
      ['stored', '/home/me/.keel/auth.json'],
    ]);
  });

  test('no other provider ever gets a key meant for OpenAI', () => {
    const keyless = providerAt('http://127.0.0.1:11434/v1', { id: 'oss' });

    expect(resolveCredentials(keyless, openaiVariables, stored).bearer).toBeNull();
    expect(() => resolveCredentials(acme, openaiVariables, null)).toThrow('ACME_KEY');
  });

  test('a key that a login stored for OpenAI does not go to another API', () => {
    const claude = providerAt('https://api.anthropic.com', {
      id: 'anthropic',
      wireApi: 'anthropic',
      envKey: 'ANTHROPIC_API_KEY',
    });

    expect(() => resolveCredentials(claude, openaiVariables, stored)).toThrow('ANTHROPIC_API_KEY');
    expect(resolveCredentials(claude, { ANTHROPIC_API_KEY: 'own' }, stored).bearer).toBe('own');
  });

  test('model 10: a missing variable of a provider is named', () => {
    expect(() => resolveCredentials(acme, {}, null)).toThrow(
      expect.objectContaining({
        kind: 'missingCredentials',
        message: 'Missing environment variable: `ACME_KEY`. Set it to your key for ACME.',
      }),
    );
  });

  test('without any key for OpenAI the error says how to give one', () => {
    expect(() => resolveCredentials(openai, {}, { apiKey: null, path: 'x' })).toThrow(/OPENAI_API_KEY.*keel login/);
  });

  test('model 9: a header whose variable is blank or unset is absent', () => {
    const provider = { ...acme, envHttpHeaders: { 'X-Org': 'ORG', 'X-Blank': 'BLANK', 'X-Unset': 'UNSET' } };
    const { headers } = resolveCredentials(provider, { ACME_KEY: 'k', ORG: 'org-1', BLANK: '  ' }, null);

    expect(headers).toEqual({ 'X-Org': 'org-1' });
  });
});
