import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { resolveCredentials } from '../../../src/models/client/index.ts';
import {
  CredentialFile,
  type CredentialStore,
  type Keyring,
  type LoginStore,
  loadConfig,
  type McpServer,
  readStoredKey,
  removeProviderKey,
  removeStoredKey,
  type SignIn,
  type StoredTokens,
  secretValues,
  storeKey,
  storeTokens,
} from '../../../src/storage/config/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

/** A keyring in memory, which fails while it is locked. */
class MemoryKeyring implements Keyring {
  readonly secrets = new Map<string, string>();
  opened = 0;
  isLocked = false;
  forgets = false;

  readonly open = (): Keyring => {
    this.opened += 1;
    return this;
  };

  read(name: string): string | null {
    this.#check();
    return this.secrets.get(name) ?? null;
  }

  write(name: string, secret: string): void {
    this.#check();
    if (!this.forgets) this.secrets.set(name, secret);
  }

  remove(name: string): void {
    this.#check();
    this.secrets.delete(name);
  }

  #check(): void {
    if (this.isLocked) throw new Error('the collection is locked\n    at libsecret');
  }
}

let home: TempDir;
let keyring: MemoryKeyring;

beforeEach(() => {
  home = tempDir();
  keyring = new MemoryKeyring();
  onTestFinished(() => home[Symbol.dispose]());
});

const login = (store: CredentialStore = 'auto'): LoginStore => ({ home: home.path, store, keyring: keyring.open });
const stored = () => readStoredKey(home.path, keyring.open);
const fileText = (name = 'auth.json') => readFileSync(join(home.path, name), 'utf8');

const TOKENS: StoredTokens = {
  ...{ idToken: 'id-secret', accessToken: 'access-secret', refreshToken: 'refresh-secret' },
  ...{ accountId: null, refreshedAtMs: null },
};
const NEVER = new AbortController().signal;
const server = (name: string): McpServer => ({
  ...{ name, enabled: true, startupTimeoutMs: 1, toolTimeoutMs: 1, enabledTools: null, disabledTools: [] },
  ...{ tellsInstructions: true, approval: 'auto', toolApprovals: {} },
  transport: {
    ...{
      type: 'streamableHttp',
      url: `https://${name}/mcp`,
      bearerTokenEnvVar: null,
      httpHeaders: {},
      envHttpHeaders: {},
    },
    oauth: { clientId: null, clientSecretEnvVar: null, scopes: null, callbackPort: null },
  },
});
const signIn = (name: string): SignIn => ({
  ...{ url: `https://${name}/mcp`, client: { client_id: 'c' }, redirect_url: 'http://127.0.0.1/', expires_at: null },
  ...{ authorization_server: `https://${name}`, resource: null },
  tokens: { access_token: `secret-of-${name}`, token_type: 'Bearer' },
});

describe('what keel login stores', () => {
  test('is in the keyring where there is one, and no secret is in the file', () => {
    expect(storeKey(login(), 'sk-1')).toEqual({ type: 'keyring', name: "the system's keyring", whyNot: null });
    expect(JSON.parse(fileText())).toEqual({ kept_in: 'keyring' });
    expect(stored()).toMatchObject({ apiKey: 'sk-1', path: "the system's keyring" });
  });

  test('is in a file for its owner alone where there is none, with the reason in one line', () => {
    keyring.isLocked = true;
    const path = join(home.path, 'auth.json');
    expect(storeKey(login(), 'sk-1')).toEqual({ type: 'file', name: path, whyNot: 'the collection is locked' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(stored()).toMatchObject({ apiKey: 'sk-1', path });
  });

  test('is nowhere if it has to be a keyring and there is none', () => {
    keyring.isLocked = true;
    expect(() => storeKey(login('keyring'), 'sk-1')).toThrow(/keyring can't be used: the collection is locked;/);
    expect(existsSync(join(home.path, 'auth.json'))).toBe(false);
  });

  test('opens no keyring where it is a file', () => {
    storeKey(login('file'), 'sk-1');
    expect(stored()?.apiKey).toBe('sk-1');
    removeStoredKey(home.path, keyring.open);
    expect(keyring.opened).toBe(0);
  });

  test('goes into the file if the keyring does not keep it', () => {
    keyring.forgets = true;
    expect(storeKey(login(), 'sk-1')).toMatchObject({ type: 'file', whyNot: 'it does not keep what is written to it' });
    expect(stored()?.apiKey).toBe('sk-1');
  });

  test('moves with the setting, and leaves nothing where it was', () => {
    storeKey(login('file'), 'sk-1');
    storeKey(login('keyring'), 'sk-2', 'groq');
    expect(fileText()).not.toContain('sk-');
    expect(stored()).toMatchObject({ apiKey: 'sk-1', keys: { groq: 'sk-2' } });
    storeKey(login('file'), 'sk-3', 'groq');
    expect(keyring.secrets.size).toBe(0);
    expect(stored()).toMatchObject({ apiKey: 'sk-1', keys: { groq: 'sk-3' } });
  });

  test('of two homes is apart', () => {
    using other = tempDir();
    storeKey(login(), 'sk-1');
    storeKey({ ...login(), home: other.path }, 'sk-2');
    expect(stored()?.apiKey).toBe('sk-1');
    expect(readStoredKey(other.path, keyring.open)?.apiKey).toBe('sk-2');
  });

  test('is missing with a reason while the keyring is locked, and a key from elsewhere is used', async () => {
    storeKey(login(), 'sk-1');
    keyring.isLocked = true;
    const env = { HOME: home.path, KEEL_HOME: home.path };
    const { provider } = await loadConfig({ env, cwd: home.path, overrides: [], flags: {} });
    expect(() => resolveCredentials(provider, {}, stored())).toThrow(
      /No API key found.*What is stored can't be used: .*keyring.*\(the collection is locked\): unlock it/,
    );
    expect(resolveCredentials(provider, { OPENAI_API_KEY: 'k' }, stored()).bearer).toBe('k');
    keyring.isLocked = false;
    expect(resolveCredentials(provider, {}, stored())).toMatchObject({
      bearer: 'sk-1',
      source: "the system's keyring",
    });
  });

  test('is not replaced by a new one while the keyring is locked', () => {
    storeTokens(login(), TOKENS);
    keyring.isLocked = true;
    expect(() => storeKey(login(), 'sk-1', 'groq')).toThrow(/unlock it, or remove .*auth\.json/);
    keyring.isLocked = false;
    expect(stored()?.tokens).toEqual(TOKENS);
  });

  test('is masked wherever it is', () => {
    storeTokens(login(), TOKENS);
    const secrets = secretValues({ secrets: { variables: [], values: [] }, env: {}, storedKey: stored() });
    expect(secrets).toEqual(expect.arrayContaining(['id-secret', 'access-secret', 'refresh-secret']));
  });

  test('is gone after keel logout, in both places', () => {
    storeTokens(login(), TOKENS);
    expect(removeStoredKey(home.path, keyring.open)).toBe(true);
    expect([keyring.secrets.size, stored()]).toEqual([0, null]);
    expect(removeStoredKey(home.path, keyring.open)).toBe(false);
  });

  test('is not reported as removed while the keyring is locked', () => {
    storeKey(login(), 'sk-1');
    keyring.isLocked = true;
    expect(() => removeStoredKey(home.path, keyring.open)).toThrow(/nothing is removed: .* the collection is locked/);
    keyring.isLocked = false;
    expect(stored()?.apiKey).toBe('sk-1');
  });

  test.each(['file', 'keyring'] as const)('can be removed for one provider, and the rest stays in its %s', (store) => {
    storeKey(login(store), 'sk-1');
    storeKey(login(store), 'sk-2', 'groq');
    storeTokens(login(store), TOKENS);
    expect(removeProviderKey(login('file'), 'mistral')).toBe(false);
    expect(removeProviderKey(login('file'), 'groq')).toBe(true);
    expect(stored()).toMatchObject({ keys: {}, tokens: TOKENS });
    expect(removeProviderKey(login('file'), 'openai')).toBe(true);
    expect(stored()).toMatchObject({ apiKey: null, tokens: null });
    expect(fileText().includes('kept_in')).toBe(store === 'keyring');
  });
});

describe('sign-ins to MCP servers', () => {
  const signIns = (store?: CredentialStore) => new CredentialFile(home.path, store, keyring.open);

  test('are in the keyring where there is one, and a renewed one stays there', async () => {
    await signIns('auto').write('a', signIn('a'), NEVER);
    await signIns().write('b', signIn('b'), NEVER);
    expect(fileText('.credentials.json').trim()).not.toContain('secret');
    expect(signIns().read(server('a'))?.tokens.access_token).toBe('secret-of-a');
    expect(signIns().place).toMatchObject({ type: 'keyring' });
    expect(await signIns().write('a', null, NEVER)).toBe(true);
    expect([signIns().read(server('a')), signIns().read(server('b'))?.url]).toEqual([null, 'https://b/mcp']);
  });

  test('are in the file where there is none, and stay there when there is one again', async () => {
    keyring.isLocked = true;
    await signIns('auto').write('a', signIn('a'), NEVER);
    keyring.isLocked = false;
    await signIns().write('b', signIn('b'), NEVER);
    expect(signIns().place).toMatchObject({ type: 'file' });
    expect(keyring.secrets.size).toBe(0);
  });

  test('can’t be read while the keyring is locked, and none is lost by that', async () => {
    await signIns('keyring').write('a', signIn('a'), NEVER);
    keyring.isLocked = true;
    expect(() => signIns().read(server('a'))).toThrow(/which can't be read \(the collection is locked\)/);
    await expect(signIns('auto').write('b', signIn('b'), NEVER)).rejects.toThrow(/can't be read/);
    keyring.isLocked = false;
    expect(signIns().read(server('a'))?.tokens.access_token).toBe('secret-of-a');
  });
});

test('whatever is stored, moved and removed, the last key is found, in one place, and in no file beside the keyring', () => {
  const step = fc.record({
    store: fc.constantFrom<CredentialStore>('auto', 'file', 'keyring'),
    isLocked: fc.boolean(),
    provider: fc.constantFrom('openai', 'groq'),
    isRemoval: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      using dir = tempDir();
      const ring = new MemoryKeyring();
      let expected: Record<string, string> = {};
      for (const [at, { store, isLocked, provider, isRemoval }] of steps.entries()) {
        ring.isLocked = isLocked;
        const place = { home: dir.path, store, keyring: ring.open };
        try {
          if (isRemoval) removeProviderKey(place, provider);
          else storeKey(place, `secret-${at}`, provider);
          const { [provider]: _, ...others } = expected;
          expected = isRemoval ? others : { ...others, [provider]: `secret-${at}` };
        } catch {
          // Refused: nothing has changed.
        }
        ring.isLocked = false;
        const { apiKey, keys = {} } = readStoredKey(dir.path, ring.open) ?? { apiKey: null };
        expect({ ...(apiKey === null ? {} : { openai: apiKey }), ...keys }).toEqual(expected);
        const path = join(dir.path, 'auth.json');
        const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
        if (text.includes('kept_in')) expect(text).not.toContain('secret-');
        else expect([...ring.secrets.values()].join()).not.toContain('secret-');
      }
    }),
    { numRuns: Number(process.env['KEEL_RUNS'] ?? 60) },
  );
});
