import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deferred } from '../../../../src/foundation/util/index.ts';
import type { Answer, AskUser, Destination } from '../../../../src/system/network/gate/destination.ts';
import { formatPattern, parsePattern } from '../../../../src/system/network/gate/domain-rules.ts';
import { Gate, type GateOptions, type NetworkRules } from '../../../../src/system/network/gate/gate.ts';
import { parseHostAndPort } from '../../../../src/system/network/gate/host.ts';
import { Questions } from '../../../../src/system/network/gate/questions.ts';

const { signal } = new AbortController();
const PUBLIC = '93.184.216.34';

function rules({
  allowed = [],
  denied = [],
  ...more
}: Partial<Omit<NetworkRules, 'allowed' | 'denied'>> & {
  readonly allowed?: string[];
  readonly denied?: string[];
}): NetworkRules {
  const patterns = (texts: readonly string[]) =>
    texts.map((text) => {
      const parsed = parsePattern(text);
      if (parsed.type === 'fault') throw new Error(parsed.message);
      return parsed.pattern;
    });
  return { allowed: patterns(allowed), denied: patterns(denied), mode: 'full', allowLocalBinding: false, ...more };
}

const to = (text: string, protocol: Destination['protocol'] = 'https'): Destination => {
  const { host, port } = parseHostAndPort(text) ?? { host: '', port: null };
  return { host, port: port ?? 443, protocol };
};

const DENIES_NINE = rules({
  allowed: ['64:ff9b::9.9.9.9', '64:ff9b::8.8.8.8'],
  denied: ['9.9.9.9:443'],
});

/** What a gate says, `open` with its addresses or why not; and which names it looked up. */
async function judged(
  where: string,
  options: GateOptions & { readonly method?: string; readonly protocol?: Destination['protocol'] },
) {
  const looked: string[] = [];
  const gate = new Gate({
    ...options,
    resolve: async (name, abort) => {
      looked.push(name);
      return (await options.resolve?.(name, abort)) ?? [PUBLIC];
    },
  });
  const verdict = await gate.judge(to(where, options.protocol), signal, options.method);
  return { verdict: verdict.type === 'open' ? [...verdict.addresses] : verdict.reason, looked };
}

describe('a destination', () => {
  it.each<[string, string, NetworkRules, string | string[]]>([
    ['that is listed', 'a.example', rules({ allowed: ['a.example'] }), [PUBLIC]],
    ['that no list names', 'b.example', rules({ allowed: ['a.example'] }), 'notAllowed'],
    ['below one that is listed', 'x.a.example', rules({ allowed: ['*.a.example'] }), [PUBLIC]],
    ['that is listed for another port', 'a.example:80', rules({ allowed: ['a.example:443'] }), 'notAllowed'],
    ['on both lists', 'a.example', rules({ allowed: ['a.example'], denied: ['**.example'] }), 'denied'],
    ['by its address', PUBLIC, rules({ allowed: [PUBLIC] }), [PUBLIC]],
    ['by another spelling of its address', `[::ffff:${PUBLIC}]`, rules({ allowed: [PUBLIC] }), [PUBLIC]],
    ['that is this machine', 'localhost', rules({}), 'notAllowedLocal'],
    ['that is this machine by another name', 'x.localhost', rules({ allowed: ['**.example'] }), 'notAllowedLocal'],
    ['that is this machine, and named', 'localhost', rules({ allowed: ['localhost'] }), ['127.0.0.1', '::1']],
    [
      'that is this machine, where local is meant',
      'localhost',
      rules({ allowed: ['**.localhost'], allowLocalBinding: true }),
      ['127.0.0.1', '::1'],
    ],
    ['in the private network', '10.0.0.1', rules({ allowLocalBinding: false }), 'notAllowedLocal'],
    ['in the private network, and named', '10.0.0.1', rules({ allowed: ['10.0.0.1'] }), ['10.0.0.1']],
    ['with the credentials of the machine', '169.254.169.254', rules({ allowLocalBinding: true }), 'notAllowedLocal'],
    ['denied, translated into IPv6', '[64:ff9b::9.9.9.9]', DENIES_NINE, 'denied'],
    ['denied at another port, translated into IPv6', '[64:ff9b::9.9.9.9]:80', DENIES_NINE, ['64:ff9b::909:909']],
    ['not denied, translated into IPv6', '[64:ff9b::8.8.8.8]', DENIES_NINE, ['64:ff9b::808:808']],
    ['of that kind, and named', '169.254.169.254', rules({ allowed: ['169.254.169.254'] }), ['169.254.169.254']],
  ])('%s', async (_, where, list, wanted) => {
    expect((await judged(where, { rules: list })).verdict).toEqual(wanted);
  });

  it.each<[string, string[], Pick<Partial<NetworkRules>, 'allowLocalBinding'>, string | string[]]>([
    ['to public addresses', [PUBLIC, '8.8.8.8'], {}, [PUBLIC, '8.8.8.8']],
    ['to this machine', ['127.0.0.1'], {}, 'notAllowedLocal'],
    ['to this machine, in IPv6', ['::1'], {}, 'notAllowedLocal'],
    ['to this machine, mapped into IPv6', ['::ffff:127.0.0.1'], {}, 'notAllowedLocal'],
    ['to the private network among others', [PUBLIC, '10.0.0.1'], {}, 'notAllowedLocal'],
    ['to the private network, where local is meant', ['10.0.0.1'], { allowLocalBinding: true }, ['10.0.0.1']],
    [
      'to the metadata service, where local is meant',
      ['169.254.169.254'],
      { allowLocalBinding: true },
      'notAllowedLocal',
    ],
    ['to the same, translated into IPv6', ['64:ff9b::a9fe:a9fe'], { allowLocalBinding: true }, 'notAllowedLocal'],
    ['to a denied address', ['9.9.9.9'], {}, 'denied'],
    ['to a denied address that is mapped into IPv6', ['::ffff:9.9.9.9'], {}, 'denied'],
    ['to a denied address that is translated into IPv6', ['64:ff9b::909:909'], {}, 'denied'],
    ['to another address that is translated into IPv6', ['64:ff9b::808:808'], {}, ['64:ff9b::808:808']],
    ['to a denied address among others', [PUBLIC, '9.9.9.9'], {}, 'denied'],
    ['to something that is no address', ['nonsense'], {}, 'notAllowedLocal'],
    ['to nothing', [], {}, 'unresolved'],
  ])('whose allowed name leads %s', async (_, addresses, more, wanted) => {
    const list = rules({ allowed: ['a.example'], denied: ['9.9.9.9'], ...more });
    expect((await judged('a.example', { rules: list, resolve: () => Promise.resolve(addresses) })).verdict).toEqual(
      wanted,
    );
  });

  it('whose look-up fails has no address', async () => {
    const list = rules({ allowed: ['a.example'] });
    const { verdict } = await judged('a.example', {
      rules: list,
      resolve: () => Promise.reject(new Error('SERVFAIL')),
    });
    expect(verdict).toBe('unresolved');
  });

  it('is looked up only once it is allowed', async () => {
    const list = rules({ allowed: ['a.example'], denied: ['d.example'] });
    for (const where of ['b.example', 'd.example', 'localhost', '10.0.0.1', PUBLIC]) {
      expect((await judged(where, { rules: list })).looked).toEqual([]);
    }
    expect((await judged('a.example', { rules: list })).looked).toEqual(['a.example']);
  });

  it.each<[Destination['protocol'], string | undefined, boolean]>([
    ['http', 'GET', true],
    ['http', 'HEAD', true],
    ['http', 'OPTIONS', true],
    ['http', 'POST', false],
    ['http', 'get', false],
    ['http', 'CONNECT', false],
    ['http', undefined, false],
    ['https', 'GET', false],
    ['https', undefined, false],
    ['socks5', undefined, false],
  ])('under the limited mode by %s with %s: %s', async (protocol, method, isOpen) => {
    const list = rules({ allowed: ['a.example'], mode: 'limited' });
    const { verdict } = await judged('a.example', {
      rules: list,
      protocol,
      ...(method === undefined ? {} : { method }),
    });
    expect(verdict).toEqual(isOpen ? [PUBLIC] : 'methodNotAllowed');
  });

  it.each<[string, NonNullable<GateOptions['ruleOf']>, string, string | string[]]>([
    ['allows', () => ({ type: 'allowed' }), 'b.example', [PUBLIC]],
    ['forbids', () => ({ type: 'forbidden', reason: null }), 'a.example', 'denied'],
    ['wants it asked about, and nobody is there', () => ({ type: 'prompt', reason: null }), 'a.example', 'notAllowed'],
    ['allows what is denied', () => ({ type: 'allowed' }), 'd.example', 'denied'],
    [
      'forbids by the IPv4 address that it is translated to',
      ({ host }) => (host === '9.9.9.9' ? { type: 'forbidden', reason: null } : { type: 'allowed' }),
      '[64:ff9b::9.9.9.9]',
      'denied',
    ],
    ['allows a local address', () => ({ type: 'allowed' }), '10.0.0.1', ['10.0.0.1']],
  ])('that a rule of the user\u2019s %s', async (_, ruleOf, where, wanted) => {
    const list = rules({ allowed: ['a.example'], denied: ['d.example'] });
    expect((await judged(where, { rules: list, ruleOf })).verdict).toEqual(wanted);
  });

  it.each<[string, AskUser, string | string[]]>([
    ['allows', () => Promise.resolve({ type: 'allowed' }), [PUBLIC]],
    ['refuses', () => Promise.resolve({ type: 'refused', message: 'no' }), 'refusedByUser'],
    ['can\u2019t be asked about', () => Promise.reject(new Error('gone')), 'refusedByUser'],
  ])('that the user %s', async (_, ask, wanted) => {
    expect((await judged('b.example', { rules: rules({}), ask })).verdict).toEqual(wanted);
  });

  it('that is refused says where it was and why, and is remembered with others since a time', async () => {
    let time = 0;
    const gate = new Gate({ rules: rules({ denied: ['a.example'] }), now: () => time });
    const verdict = await gate.judge(to('a.example:8443'), signal);
    expect(verdict).toMatchObject({ message: 'keel refused a.example:8443: it is on the deny-list.' });
    time = 5;
    await gate.judge(to('[::1]:1'), signal);
    await gate.judge(to('[::1]:1'), signal);
    expect(gate.refusedSince(0)).toEqual(['a.example:8443', '[::1]:1']);
    expect(gate.refusedSince(5)).toEqual(['[::1]:1']);
    expect(gate.refusedSince(6)).toEqual([]);
  });

  it('that is refused over and over fills no memory', async () => {
    const gate = new Gate({ rules: rules({}), now: () => 1 });
    for (let at = 0; at < 200; at += 1) await gate.judge(to(`h${at}.example`), signal);
    expect(gate.refusedSince(0).length).toBeLessThanOrEqual(64);
    expect(gate.refusedSince(0).at(-1)).toBe('h199.example:443');
  });
});

describe('a question to the user', () => {
  const destination = to('a.example');
  function asking() {
    const asked: { host: string; signal: AbortSignal; answer: Deferred<Answer> }[] = [];
    const questions = new Questions(({ host }, abort) => {
      const answer = new Deferred<Answer>();
      asked.push({ host, signal: abort, answer });
      return answer.promise;
    });
    return { questions, asked };
  }

  it('is one for all who wait for the same host and port', async () => {
    const { questions, asked } = asking();
    const waiting = [1, 2, 3].map(() => questions.ask(destination, signal, null));
    const other = questions.ask(to('a.example:80'), signal, null);
    expect(asked.map(({ host }) => host)).toEqual(['a.example', 'a.example']);
    for (const { answer } of asked) answer.resolve({ type: 'allowed' });
    expect(await Promise.all([...waiting, other])).toEqual(Array(4).fill({ type: 'allowed' }));
  });

  it('is withdrawn when the last who waits for it has gone, and not before', async () => {
    const { questions, asked } = asking();
    const [one, two] = [new AbortController(), new AbortController()];
    const waiting = [questions.ask(destination, one.signal, null), questions.ask(destination, two.signal, null)];
    one.abort();
    expect(await waiting[0]).toEqual({ type: 'refused', message: null });
    expect(asked[0]?.signal.aborted).toBe(false);
    two.abort();
    expect(await waiting[1]).toEqual({ type: 'refused', message: null });
    expect(asked[0]?.signal.aborted).toBe(true);
  });

  it('is asked again once it was answered', async () => {
    const { questions, asked } = asking();
    const first = questions.ask(destination, signal, null);
    asked[0]?.answer.resolve({ type: 'refused', message: 'no' });
    await first;
    const second = questions.ask(destination, signal, null);
    expect(asked).toHaveLength(2);
    asked[1]?.answer.resolve({ type: 'allowed' });
    expect(await second).toEqual({ type: 'allowed' });
  });

  it('is not asked for a connection that has gone already', async () => {
    const { questions, asked } = asking();
    expect(await questions.ask(destination, AbortSignal.abort(), null)).toEqual({ type: 'refused', message: null });
    expect(asked).toEqual([]);
  });

  it('is refused beyond eight that wait, and asked again when one of them is answered', async () => {
    const { questions, asked } = asking();
    const waiting = Array.from({ length: 8 }, (_, at) => questions.ask(to(`h${at}.example`), signal, null));
    expect(await questions.ask(to('more.example'), signal, null)).toMatchObject({
      message: expect.stringContaining('too many'),
    });
    asked[3]?.answer.resolve({ type: 'allowed' });
    await waiting[3];
    const next = questions.ask(to('more.example'), signal, null);
    expect(asked.at(-1)?.host).toBe('more.example');
    for (const { answer } of asked) answer.resolve({ type: 'allowed' });
    await Promise.all([...waiting, next]);
  });
});

describe('an entry of a list', () => {
  it.each(['a.example', '*.a.example', '**.a.example', 'a.example:443', '*.a.example:80', '[::1]:80', '1.2.3.4'])(
    'is written as it was read: %s',
    (text) => {
      const parsed = parsePattern(text);
      expect(parsed.type === 'pattern' && formatPattern(parsed.pattern)).toBe(text);
    },
  );

  it.each([
    '*.1.2.3.4',
    '**.[::1]',
    '***.a.example',
    '*',
    'a.*.example',
    '**a.example',
    '*.',
    'https://a.example',
    'a.example/',
  ])('is none: %s', (text) => expect(parsePattern(text).type).toBe('fault'));

  it('matches what is below it by whole names only', () => {
    const label = fc.stringMatching(/^[a-z]{1,4}$/);
    fc.assert(
      fc.asyncProperty(
        fc.array(label, { minLength: 1, maxLength: 3 }),
        fc.array(label, { maxLength: 2 }),
        label,
        async (base, more, glued) => {
          const host = base.join('.');
          const list = (start: string) => ({ rules: rules({ allowed: [`${start}${host}`] }) });
          const name = [...more, host].join('.');
          expect((await judged(name, list('**.'))).verdict).toEqual([PUBLIC]);
          expect((await judged(name, list('*.'))).verdict).toEqual(more.length > 0 ? [PUBLIC] : 'notAllowed');
          expect((await judged(`${glued}${host}`, list('**.'))).verdict).toBe('notAllowed');
        },
      ),
      { numRuns: 40 },
    );
  });
});
