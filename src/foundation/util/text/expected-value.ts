import type * as z from 'zod/mini';

/**
 * What a schema expects, in words that fit behind "should be": given to a parse, each issue has them as its message. Without them
 * the message depends on whether something in the process has loaded zod's English texts, which are the same for all of it.
 * A schema may name what it expects by giving `error` to a field.
 */
export const EXPECTED_VALUE: z.core.ParseContext<z.core.$ZodIssue> = { error: expectedValue };

function expectedValue(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeName(issue.expected);
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `at least ${String(issue.minimum)}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}`;
    case 'invalid_union':
      return unionNames(issue.errors).join(' or ') || 'another value';
    default:
      return 'another value';
  }
}

function unionNames(errors: readonly (readonly z.core.$ZodIssue[])[]): string[] {
  const names = errors.flatMap((branch) =>
    branch.slice(0, 1).map(({ path, message }) => (path.length === 0 ? message : 'a list of other values')),
  );
  return [...new Set(names)];
}

function typeName(expected: string): string {
  const article = /^[aeiou]/.test(expected) ? 'an' : 'a';
  return expected === 'int' ? 'a whole number' : `${article} ${expected}`;
}
