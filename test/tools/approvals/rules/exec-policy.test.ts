import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExecPolicy, type PrefixRule } from '../../../../src/tools/approvals/rules/exec-policy.ts';
import { ANY_TEXT, ANY_WORDS, literal, marked } from '../../../../src/tools/approvals/shell/words.ts';

const rule = (line: string, decision: PrefixRule['decision'] = 'forbidden'): PrefixRule => ({
  pattern: line.split(' ').map((part) => part.split('|')),
  decision,
  justification: null,
});
/** `?` within a word is an unknown text, `*` unknown words. */
const word = (text: string) => marked(text.replaceAll('?', ANY_TEXT).replaceAll('*', ANY_WORDS));
const strict = (policy: ExecPolicy, line: string, names: string[] = []) =>
  policy.strictMatches(line.split(' ').map(word), names).map(({ isCertain }) => (isCertain ? 'certain' : 'possible'));

describe('a rule that asks or forbids', () => {
  const push = new ExecPolicy([rule('git push')]);
  it.each<[string, string[]]>([
    ['git push', ['certain']],
    ['git push origin', ['certain']],
    ['git pull', []],
    ['git', []],
    ['git -C dir push', ['certain']],
    ['git -C dir -c a=b push', ['certain']],
    ['git --no-pager push', ['certain']],
    ['git -v push', ['certain']],
    ['git --work-tree=/x push', ['certain']],
    ['git commit push', []],
    ['git -C push pull', ['certain']],
    ['/usr/bin/git push', ['certain']],
    ['/tmp/evil/git push', ['certain']],
    ['./git push', ['certain']],
    ['git p?', ['possible']],
    ['git ?', ['possible']],
    ['git *', ['possible']],
    ['git pu?h', ['possible']],
    ['git ?x', []],
    ['git -C ? push', ['certain']],
    ['git -C * push', ['certain']],
    ['git * push', ['possible']],
    ['* push', ['possible']],
    ['? push', ['possible']],
    ['?git push', ['possible']],
    ['?/git push', ['certain']],
    ['g?x push', []],
    ['*', ['possible']],
    ['mygit push', []],
  ])('git push: %s', (line, found) => {
    expect(strict(push, line)).toEqual(found);
  });

  it('matches what else the program is called', () => {
    expect(strict(push, 'tool push', ['git'])).toEqual(['certain']);
    expect(strict(push, 'tool push', ['other'])).toEqual([]);
  });

  it('matches one of several words at a place', () => {
    const policy = new ExecPolicy([rule('npm publish|unpublish')]);
    expect(strict(policy, 'npm unpublish x')).toEqual(['certain']);
    expect(strict(policy, 'npm test')).toEqual([]);
  });

  it('means only the listed places of a program where some are listed', () => {
    const policy = new ExecPolicy([rule('git push')], new Map([['git', ['/opt/git']]]));
    expect(strict(policy, '/opt/git push')).toEqual(['certain']);
    expect(strict(policy, '/usr/bin/git push')).toEqual([]);
    expect(strict(policy, 'git push')).toEqual(['certain']);
  });

  it('finds every rule, and no rule that allows', () => {
    const policy = new ExecPolicy([rule('git'), rule('git push', 'prompt'), rule('git push', 'allow')]);
    expect(policy.strictMatches([literal('git'), literal('push')], []).map(({ decision }) => decision)).toEqual([
      'forbidden',
      'prompt',
    ]);
    expect(new ExecPolicy([rule('a', 'allow')]).isStrict).toBe(false);
    expect(policy.isStrict).toBe(true);
  });

  it('of no command matches nothing', () => {
    expect(push.strictMatches([], [])).toEqual([]);
    expect(push.matches([], { resolve: true })).toEqual([]);
  });

  it('is never missed for a command that could be one it matches', () => {
    const text = fc.constantFrom('git', 'push', '-C', 'dir', '--x', 'pull', '?', '*', 'p?', '-?');
    const lines = fc.array(text, { minLength: 1, maxLength: 5 });
    /** Fills in what the unknown parts may become. */
    const filled = fc.constantFrom('git', 'push', 'pull', '');
    fc.assert(
      fc.property(lines, fc.array(filled, { minLength: 5, maxLength: 5 }), (words, fill) => {
        let next = 0;
        const real = words.flatMap((each) => {
          if (each === '*') return [fill[next++] ?? ''].filter((one) => one !== '');
          return each.includes('?') ? [each.replace('?', fill[next++] ?? '')] : [each];
        });
        const certain = push
          .strictMatches(
            real.map((one) => literal(one)),
            [],
          )
          .some(({ isCertain }) => isCertain);
        if (certain && real[0] !== '') expect(push.strictMatches(words.map(word), []).length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  });

  it('takes little time for a line of many options', () => {
    const line = ['git', ...Array.from({ length: 20_000 }, () => '-x'), 'pull'].map((one) => literal(one));
    expect(push.strictMatches(line, [])).toEqual([]);
  });
});

describe('a rule that allows', () => {
  const policy = new ExecPolicy([rule('npm test', 'allow')]);
  const of = (line: string, resolve = true) =>
    policy.matches(line.split(' '), { resolve }).map(({ decision }) => decision);

  it.each<[string, string[]]>([
    ['npm test', ['allow']],
    ['npm test --watch', ['allow']],
    ['npm', []],
    ['npm run test', []],
    ['npm -C dir test', []],
    ['npm --prefix=x test', []],
    ['npm testx', []],
    ['/usr/bin/npm test', ['allow']],
    ['/usr/local/bin/npm test', ['allow']],
    ['/usr/bin/../../tmp/npm test', []],
    ['/tmp/npm test', []],
    ['./npm test', []],
    ['bin/npm test', []],
    ['NPM test', []],
  ])('npm test: %s', (line, decisions) => {
    expect(of(line)).toEqual(decisions);
  });

  it('does not mean another program by a path where none is resolved', () => {
    expect(of('/usr/bin/npm test', false)).toEqual([]);
  });

  it('comes behind those that are stricter, and longer ones come first', () => {
    const rules = ['allow', 'prompt', 'forbidden'] as const;
    const many = new ExecPolicy(rules.flatMap((decision) => [rule('git', decision), rule('git push', decision)]));
    expect(
      many
        .matches(['git', 'push'], { resolve: false })
        .map(({ decision, matchedPrefix }) => [decision, matchedPrefix.length]),
    ).toEqual([
      ['forbidden', 2],
      ['forbidden', 1],
      ['prompt', 2],
      ['prompt', 1],
      ['allow', 2],
      ['allow', 1],
    ]);
  });

  it('is added to a copy', () => {
    const more = policy.with(rule('make', 'allow'));
    expect(more.matches(['make'], { resolve: false })).toHaveLength(1);
    expect(policy.matches(['make'], { resolve: false })).toEqual([]);
  });
});
