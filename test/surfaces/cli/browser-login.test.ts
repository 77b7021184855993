import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { challengeOf, issuerServer, tokensOf } from '../../models/auth/issuer-server.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { type LiveKeel, startKeel, until } from '../../support/keel.ts';

const { home, repo } = freshPlaces();

/** `keel login` that waits for its browser. It has the port that sign-ins are registered for: one runs at a time. */
async function waiting(issuer: string) {
  home.write({ 'config.toml': `chatgpt_issuer = "${issuer}"\nchatgpt_client_id = "client-1"\n` });
  const env = { OPENAI_API_KEY: '', OPENAI_BASE_URL: '' };
  const live = startKeel(['login'], { home: home.path, cwd: repo.path, url: '', env });
  await until(() => addressIn(live) !== null || live.child.exitCode !== null);
  const address = new URL(addressIn(live) ?? '');
  const redirect = new URL(address.searchParams.get('redirect_uri') ?? '');
  redirect.hostname = '127.0.0.1';
  /** What the browser shows when the issuer sends it back with these fields. */
  const comeBack = async (fields: Record<string, string>) => {
    redirect.search = new URLSearchParams(fields).toString();
    const response = await fetch(redirect);
    return { status: response.status, page: await response.text() };
  };
  return { live, address, comeBack, state: address.searchParams.get('state') ?? '' };
}

const addressIn = (live: LiveKeel) => /^http\S+\/oauth\/authorize\?\S+$/m.exec(live.stderr())?.[0] ?? null;
const stored = () => join(home.path, 'auth.json');

test('keel login signs in by a browser: its tokens are stored for the owner only, and no secret is shown', async () => {
  const issuer = await issuerServer(() => [200, tokensOf(1)]);
  const { live, address, comeBack, state } = await waiting(issuer.url);
  expect(address.href.startsWith(`${issuer.url}/oauth/authorize?`)).toBe(true);
  expect(address.searchParams.get('client_id')).toBe('client-1');

  // A page that the user has open can send the browser here as well, but does not know the state.
  expect((await comeBack({ code: 'evil', state: 'x'.repeat(state.length) })).status).toBe(400);
  expect(await comeBack({ code: 'code-secret', state })).toMatchObject({
    status: 200,
    page: expect.stringContaining('You are signed in'),
  });
  const run = await live.ended;
  expect(run).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('signed in as me@example.org') });
  expect(issuer.requests.map(({ fields }) => fields['code'])).toEqual(['code-secret']);
  expect(challengeOf(issuer.requests[0]?.fields['code_verifier'])).toBe(address.searchParams.get('code_challenge'));

  expect(statSync(stored()).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(stored(), 'utf8'))).toMatchObject({
    tokens: { access_token: 'access-secret-1', account_id: 'account-1' },
  });
  expect(run.stderr).not.toMatch(/secret/);
});

test('a browser sign-in that the user refuses, or ends with Ctrl-C, stores nothing and says so', async () => {
  const issuer = await issuerServer(() => [200, tokensOf(1)]);
  const refused = await waiting(issuer.url);
  const { page } = await refused.comeBack({
    ...{ error: 'access_denied', error_description: 'not\u001b[31m today', state: refused.state },
  });
  expect(page).toContain('The sign-in failed');
  const first = await refused.live.ended;
  expect([first.code, first.stderr]).toEqual([1, expect.stringContaining('the sign-in was refused: not')]);
  expect(first.stderr).not.toContain('\u001b');

  const left = await waiting(issuer.url);
  left.live.child.kill('SIGINT');
  expect(await left.live.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Nothing was changed.') });
  expect([issuer.requests, existsSync(stored())]).toEqual([[], false]);
});
