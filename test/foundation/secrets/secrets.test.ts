import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  holdsSecret,
  isSecretName,
  isSecretVariable,
  maskedArguments,
  maskedText,
  maskedUrl,
  maskSecrets,
} from '../../../src/foundation/secrets/index.ts';
import { isSecretValue } from '../../../src/foundation/secrets/secret-values.ts';

const secretNames = [
  ...[
    'API_KEY',
    'OPENAI_API_KEY',
    'my_token',
    'Client_Secret',
    'AWS_ACCESS_KEY_ID',
    'KEY',
    'SSHKEY',
    'MASTERKEY',
    'APIKEY2',
  ],
  ...[
    'PGPASSWORD',
    'PASSWORD',
    'DB_PASS',
    'PASS',
    'SSHPASS',
    'OTHER_PW',
    'MYSQL_PWD',
    'REDISCLI_AUTH',
    'MYSQL_ROOT_PASSWORD',
  ],
  ...[
    'NPM_CONFIG__AUTH',
    'npm_config_//registry.example/:_authToken',
    'DOCKER_AUTH_CONFIG',
    'SESSION_COOKIE',
    'MY_CRED',
  ],
  ...[
    'AWS_CREDENTIALS',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'MCP_PAT',
    'GITHUB_PAT',
    'dbPassword',
    'githubTOKEN',
    'JWT',
    'GPG_PASSPHRASE',
  ],
  ...[
    'x-api-key',
    'Authorization',
    'Proxy-Authorization',
    'Cookie',
    'accesstoken',
    'SECRETVALUE',
    'TOKENVALUE',
    'TOTP_SEED',
  ],
];
const plainNames = [
  ...[
    'KEYBOARD',
    'MONKEY',
    'TOKENIZERS_PARALLELISM',
    'KEYTIMEOUT',
    'KEYMAP',
    'COMPASS_CONFIG',
    'COMPASS',
    'BYPASS',
    'SECRETARY',
  ],
  ...[
    'PATH',
    'PWD',
    'OLDPWD',
    'GIT_AUTHOR_NAME',
    'AUTHOR',
    'SSH_AUTH_SOCK',
    'SSH_ASKPASS',
    'GIT_ASKPASS',
    'PASSWD_FILE',
    'PGPASSFILE',
  ],
  ...[
    'KEY_PATH',
    'PASSWORD_STORE_DIR',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'COOKIECUTTER_CONFIG',
    'SSH_PUBLIC_KEY',
    'XAUTHORITY',
  ],
  ...[
    'STRIPE_PUBLISHABLE_KEY',
    'CREDITS',
    'PATTERN',
    'PATCH_DIR',
    'PASS_THROUGH',
    'HISTFILE',
    'LS_COLORS',
    'NODE_ENV',
    'SESSION_MANAGER',
  ],
];

describe('what is a secret by its name', () => {
  it.each(secretNames)('%s', (name) => expect(isSecretName(name)).toBe(true));
  it.each(plainNames)('not %s', (name) => expect(isSecretName(name)).toBe(false));

  it.each([
    ['MAX_TOKENS', '4096', false],
    ['TOKENS_PER_MINUTE', '100', false],
    ['TOKEN_TTL', '30m', false],
    ['AUTH_ENABLED', 'true', false],
    ['MAX_TOKENS', 'abc', true],
    ['DB_PASS', '1234', true],
    ['TOKEN', '123456', true],
    ['PASSWORD', 'true', true],
  ])('%s=%s: %s', (name, value, isSecret) => expect(isSecretVariable(name, value)).toBe(isSecret));

  it('holds for a secret word among any others, in any spelling, and for other words never', () => {
    const others = fc.constantFrom(
      'app',
      'main',
      'db',
      'my',
      'web',
      'x',
      'prod',
      'keyboard',
      'monkey',
      'compass',
      'author',
    );
    const secrets = fc.constantFrom(
      'password',
      'token',
      'secret',
      'key',
      'credentials',
      'cookie',
      'passphrase',
      'auth',
    );
    const spelled = (words: readonly string[], style: number): string => {
      if (style === 0) return words.join('_').toUpperCase();
      if (style === 1) return words.join('-');
      return words.map((word, at) => (at === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`)).join('');
    };
    const style = fc.nat(2);
    fc.assert(
      fc.property(
        fc.array(others, { maxLength: 3 }),
        secrets,
        fc.array(others, { maxLength: 3 }),
        style,
        (a, word, b, how) => {
          expect(isSecretName(spelled([...a, word, ...b], how))).toBe(true);
        },
      ),
    );
    fc.assert(
      fc.property(fc.array(others, { minLength: 1, maxLength: 4 }), style, (words, how) => {
        expect(isSecretName(spelled(words, how))).toBe(false);
      }),
    );
  });
});

/** Put together here, so that no scanner takes this file for one with keys in it. */
const key = (...parts: readonly string[]) => parts.join('');
const LONG = 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6';

const secretValues = [
  key('sk-', 'proj-', LONG),
  key('ghp', '_', LONG),
  key('github', '_pat_', LONG),
  key('xoxb', '-12345-', LONG),
  key('glpat', '-', LONG),
  key('AKIA', 'ABCDEFGHIJKLMNOP'),
  key('eyJhbGciOiJIUzI1NiJ9', '.', 'eyJzdWIiOiIxMjM0NTYifQ', '.', LONG),
  key('-----BEGIN OPENSSH', ' PRIVATE KEY-----\nb3BlbnNzaC1r'),
  'postgres://ada:sesame@db.example/app',
  'redis://:sesame@cache.example:6379',
  'https://sesame@git.example/repo.git',
  'http://ada:sesame@proxy.example:8080',
  'Server=db.example;User Id=ada;Password=sesame;',
  'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VzYW1l;',
  'host=db.example user=ada password=sesame',
  '{"auths":{"r.example":{"auth":"c2VzYW1l"}}}',
  'https://files.example/a?se=2026&sig=c2VzYW1l',
  `Authorization: Bearer ${LONG}`,
];
const plainValues = [
  'postgres://ada@db.example/app',
  'https://registry.example/npm/',
  'git@git.example:ada/tide.git',
  '/home/ada/.ssh/id_ed25519',
  '/opt/sk-learn-environments-2026/bin:/usr/bin',
  'task-force-for-everything-we-do',
  'rs=0:di=01;34:ln=01;36',
  'user@example.com',
];

describe('what is a secret by its form', () => {
  it.each(secretValues)('%s', (value) => {
    expect(isSecretValue(value)).toBe(true);
    expect(isSecretVariable('SETTING', value)).toBe(true);
    expect(isSecretValue(`before ${value}`)).toBe(true);
  });
  it.each(plainValues)('not %s', (value) => expect(isSecretValue(value)).toBe(false));
});

describe('masking', () => {
  it('takes a known secret out of a text, in every spelling in which it may come back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (secret, before, after) => {
        const spellings = [secret, JSON.stringify(secret), encodeURIComponent(secret.toWellFormed())];
        for (const spelling of spellings) {
          const masked = maskSecrets(`${before}${spelling}${after}`, [secret]);
          if (!`${before}${after}***`.includes(secret)) expect(masked.includes(secret)).toBe(false);
        }
      }),
    );
  });

  it('leaves no end of a longer secret behind when one is the beginning of another', () => {
    expect(maskSecrets('key sesame-street', ['sesame', 'sesame-street'])).toBe('key ***');
  });

  it.each(['Missing bearer or basic authentication in header', 'Bearer authentication is needed', 'invalid key'])(
    'leaves words of a person alone: %s',
    (text) => expect(maskSecrets(text, [])).toBe(text),
  );

  it('masks in a text what has the form of a key', () => {
    const text = `no access with ${key('sk-', LONG)} at https://ada:sesame@host.example/`;
    expect(maskSecrets(text, [])).toBe('no access with *** at https://***@host.example/');
  });

  it('masks what an address carries', () => {
    expect(maskedUrl('https://ada:sesame@host.example/v1?api-key=sesame&sig=sesame&version=7')).toBe(
      'https://***@host.example/v1?api-key=***&sig=***&version=7',
    );
    expect(maskedText('https://host.example/v1')).toBe('https://host.example/v1');
  });

  it('masks in arguments what an option, a variable or a header gives away, and nothing else', () => {
    const args = [
      ...['--token', 'sesame', '--api-key=sesame', 'DB_PASSWORD=sesame', '-H', 'X-Api-Key: sesame', '--port', '80'],
      ...[
        '--header=Authorization: Bearer sesame1sesame',
        '--verbose',
        'postgres://ada:sesame@db.example/app',
        '--password',
        '-x',
      ],
      ...['--max-tokens', '4096', '--url=https://host.example/?token=sesame', '--', 'server.js'],
    ];
    const masked = maskedArguments(args);
    expect(masked.join(' ')).not.toContain('sesame');
    expect(masked).toEqual([
      ...['--token', '***', '--api-key=***', 'DB_PASSWORD=***', '-H', 'X-Api-Key: ***', '--port', '80'],
      ...['--header=Authorization: ***', '--verbose', 'postgres://***@db.example/app', '--password', '-x'],
      ...['--max-tokens', '4096', '--url=https://host.example/?token=***', '--', 'server.js'],
    ]);
  });
});

it('a short secret is not looked for in other values: it would be found everywhere', () => {
  expect(holdsSecret('production', ['prod'])).toBe(false);
  expect(holdsSecret('Bearer sesame-street', ['sesame-street'])).toBe(true);
});
