import { describe, expect, test } from 'vitest';
import { readCondition, readMatcher } from '../../../src/tools/hooks/matcher.ts';

describe('a matcher', () => {
  test.each([
    [null, 'Bash', true],
    ['', 'Bash', true],
    ['*', 'Bash', true],
    ['Bas', 'Bash', false],
    ['Bash', 'Bash', true],
    ['Edit|Bash', 'Bash', true],
    ['Edit | Write', 'Write', true],
    ['Edit|Bash', 'apply_patch', false],
    ['^(apply_patch|Edit)$', 'apply_patch', true],
    ['mcp__.*__write', 'mcp__files__write_file', true],
    ['Ba.', 'Bash', true],
    ['bash', 'Bash', false],
  ])('%s on %s: %s', (matcher, name, matches) => {
    expect(readMatcher(matcher)?.(name)).toBe(matches);
  });

  test('that is no expression is none', () => {
    expect(readMatcher('Bash(')).toBeNull();
  });
});

describe('a condition', () => {
  test.each([
    ['Bash(git *)', 'git push', true],
    ['Bash(git *)', 'git', true],
    ['Bash(git *)', 'gitk', false],
    ['Bash(npm run:*)', 'npm run build', true],
    ['Bash(npm run:*)', 'npm running', false],
    ['Edit(*.ts)', '/a/b.ts', true],
    ['Edit(*.ts)', '/a/b.tsx', false],
    ['Bash(a.c)', 'abc', false],
  ])('%s on %s: %s', (text, content, matches) => {
    expect(readCondition(text)?.pattern?.test(content)).toBe(matches);
  });

  test('without a pattern is about every call of its tool', () => {
    expect(readCondition('Bash')).toEqual({ tool: 'Bash', pattern: null });
    expect(readCondition('Bash(*)')).toEqual({ tool: 'Bash', pattern: null });
    expect(readCondition('Bash and more')).toBeNull();
  });
});
