import fc from 'fast-check';

const UNICODE_BLANKS = ['\u00a0', '\u2003', '\u3000', '\u200b', '\ufeff', '\u2028', '\u0085'];

/** Words that bash reads in some way other than as they are written, and plain ones. */
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'x1', '-l', '--f=x', '.', 'src', '1,2p', 'push', 'victim', 'git') },
  {
    weight: 2,
    arbitrary: fc.constantFrom("'a b'", '"a b"', "''", '""', "'a\nb'", '"a\nb"', '"a\\\nb"', "'a\\'", '"\\""'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\\\n', '\\ ', '\\a', '\\\\', "\\'", '\\"', '\\;', '\\|', '\\#', '\\&', '\\\r'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('$x', '$x$x', '"$x"', '$(victim)', '`victim`', '"$(a)"', '$((1+1))', '$[1]', '$-', '$'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      '?',
      '[a]',
      '{a,b}',
      '{1..3}',
      '{',
      '}',
      '~',
      '~root',
      '!',
      '!!',
      '^a^b',
      '=',
      'a=b',
      '#',
      'a#b',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "$'a'",
      "$'\\x61'",
      '$"a"',
      "$'v\\151ctim'",
      "v'i'ctim",
      'vic"tim"',
      'v\\ictim',
      'g""it',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...UNICODE_BLANKS, '\t', '\r', '\v', '\f', '\u00e9', '\ud83d\ude00', '\x07'),
  },
);
const word = fc.oneof(
  { weight: 5, arbitrary: piece },
  { weight: 2, arbitrary: fc.array(piece, { minLength: 2, maxLength: 3 }).map((parts) => parts.join('')) },
);
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('ls', 'foo', 'git', 'victim', 'grep', 'cat', 'echo', 'cd', 'true', 'false') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\\ls',
      '\\victim',
      '\\git',
      'time',
      'exec',
      'command',
      'eval',
      'builtin',
      'coproc',
      'test',
      'let',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '!',
      '{',
      '}',
      '[',
      '[[',
      '((',
      'if',
      'then',
      'function',
      'select',
      'in',
      'do',
      'done',
      'esac',
    ),
  },
  { weight: 2, arbitrary: word },
);
const blank = fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t', ' \\\n', '\\\n', '\\\n ', '\u00a0', '\r', ' # c\n');
const joint = fc.constantFrom(
  ...[
    '\n',
    '\n',
    '\n',
    ';',
    '; ',
    ' && ',
    '&&',
    ' || ',
    '|',
    ' | ',
    '\n\n',
    ' \n ',
    '\r\n',
    ';\n',
    '&&\n',
    '|\n',
    '|\\\n',
    '\\\n;',
  ],
  ...[
    ' & ',
    ';;',
    '|&',
    ' > f ',
    ' 2>&1 ',
    '<<E\nvictim\nE\n',
    "<<'E'\na\nE\n",
    ' <<< a ',
    ' # x\n',
    '\n#\n',
    '\n\\\n',
  ],
);
const command = fc
  .tuple(name, fc.array(fc.tuple(blank, word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(''));
const line = fc
  .tuple(
    command,
    fc.array(fc.tuple(joint, command), { maxLength: 3 }),
    fc.constantFrom('', '', '', '\n', ';', ' ', '\\', '\\\n', '&'),
  )
  .map(([first, rest, end]) => first + rest.flat().join('') + end);

/** Commands inside others, which only a whole parse of bash distinguishes. */
const { script } = fc.letrec<{ script: string; nested: string }>((tie) => ({
  script: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'script' },
    { weight: 4, arbitrary: line },
    { weight: 3, arbitrary: tie('nested') },
  ),
  nested: fc
    .tuple(
      fc.constantFrom(
        ...[
          '(X)',
          '{ X; }',
          '{ X\n}',
          'if X; then X; fi',
          'for x in a; do X; done',
          'while false; do X; done',
          'f() { X; }; f a',
        ],
        ...[
          'echo $(X)',
          'echo `X`',
          'echo "$(X)"',
          'cat <(X)',
          'x=$(X)',
          'a=1 X',
          'X > f',
          'X 2>&1',
          '! X',
          'time X',
          'coproc X',
        ],
        ...[
          'case a in a) X;; esac',
          '[[ a ]] && X',
          "eval 'X'",
          'eval "X"',
          'eval X',
          "trap 'X' EXIT",
          'cat <<E\n$(X)\nE\n',
          "cat <<'E'\nX\nE\nX",
        ],
        ...[
          'x=victim; $x a',
          'x="victim a"; $x',
          'set -- victim a; "$@"',
          'X | X',
          'X\nX',
          'exec X',
          'command X',
          'builtin eval X',
          'source <(echo X)',
        ],
        ...[
          'f() { "$@"; }; f X',
          'alias f=victim\nf a',
          '{ X; } | X',
          'X & X',
          'x=(X); $x',
          "printf -v x '%s' victim; $x",
          '. /dev/stdin <<< "X"',
        ],
      ),
      tie('script'),
      tie('script'),
    )
    .map(([shape, first, second]) => shape.replace('X', () => first).replace('X', () => second)),
}));

/** Scripts as somebody writes them who wants a reader to see other words than bash does. */
export const hostileScript: fc.Arbitrary<string> = script.filter(
  (text) => !text.includes('\0') && !text.includes('\x1e'),
);
