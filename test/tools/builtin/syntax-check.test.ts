import { describe, expect, it } from 'vitest';
import { applyPatchTool } from '../../../src/tools/builtin/apply-patch.ts';
import { editFileTool } from '../../../src/tools/builtin/edit-file.ts';
import { patchOf, Workspace } from '../patch/support.ts';
import { MARK, ToolTurn, textOf } from './support.ts';

/** What a new file with this text gets said of its syntax; empty: nothing. */
async function saidOf(name: string, text: string): Promise<string> {
  using workspace = new Workspace();
  const rows = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `+${line}`);
  const patch = patchOf(`*** Add File: ${name}\n${rows.join('\n')}`);
  const answer = textOf(await new ToolTurn(workspace.dir).freeform(applyPatchTool.handler, patch));
  expect(answer).toContain(`A ${name}\n`);
  return answer
    .split('\n')
    .filter((line) => line.startsWith(MARK))
    .join('\n');
}

async function edited(name: string, before: string, old_string: string, new_string: string): Promise<string> {
  using workspace = new Workspace({ [name]: before });
  const args = { file_path: name, old_string, new_string };
  return textOf(await new ToolTurn(workspace.dir).call(editFileTool.handler, args));
}

describe('the syntax of a file that was edited', () => {
  it.each([
    ['a.js', 'export function f() {\n  if (x {\n  }\n}\n', 'a.js line 2: ")" is missing.'],
    ['a.jsx', 'const a = <div>;\n', 'a.jsx line 1: '],
    ['a.ts', 'class A {\n  f(): void {\n}\n', 'a.ts line 3: "}" is missing.'],
    ['a.tsx', 'const a: number = <b>{1</b>;\n', 'a.tsx line 1: '],
    ['a.py', 'x = 1\ndef f(:\n  pass\n', 'a.py line 2: ")" is missing.'],
    ['a.sh', 'if true; then\n  echo a\n', 'a.sh line '],
    ['a.json', '{\n  "a": 1,\n  "b": 2,\n}\n', 'a.json line 4: not JSON near "}".'],
    ['a.json', '{\n  "a": [1, 2\n', 'a.json line 2: the JSON ends too early.'],
    ['a.toml', 'a = 1\nb = \n', 'a.toml line 2: '],
    ['a.go', 'package a\n\nfunc f() int {\n\treturn 1\n', 'a.go line '],
    ['a.go', 'package a\n\nfunc f( {\n}\n', 'a.go line 3: '],
    ['a.rs', 'fn f() {\n    let a = ;\n}\n', 'a.rs line 2: '],
    ['A.java', 'class A {\n  int f() { return 1 }\n}\n', 'A.java line 2: ";" is missing.'],
    ['a.yaml', 'a:\n  - b: [1, 2\nc: 3\n', 'a.yaml line 3: Flow sequence in block collection '],
    ['a.yml', 'a: 1\nb: 2\na: 3\n', 'a.yml line 3: Map keys must be unique.'],
    ['a.yml', 'a:\n\tb: 1\n', 'a.yml line 2: Tabs are not allowed as indentation.'],
  ])('is named with its line where it is broken: %s', async (name, text, fault) => {
    const said = await saidOf(name, text);
    expect(said.startsWith(`${MARK} ${fault}`)).toBe(true);
    expect(said.endsWith(' Check whether this edit broke it.')).toBe(true);
    expect(said.split('\n')).toHaveLength(1);
  });

  it.each([
    ['a.js', 'import a from "a";\nexport default class { #x = 1; static { this.y ??= 2; } }\nawait a?.b;\n'],
    ['a.jsx', 'export const a = <p>{[1].map((n) => <b key={n}>{n}</b>)}</p>;\n'],
    ['a.ts', 'enum E { A }\nexport const f = <T,>(x: T) => x satisfies unknown;\nabstract class B { declare x: E }\n'],
    [
      'a.py',
      'async def f(*, a: int = 1) -> None:\n    match a:\n        case 1 if (n := a):\n            print(f"{n!r}")\n',
    ],
    ['a.sh', 'set -e\nfor x in "$@"; do cat <<EOF\n$x\nEOF\ndone\n'],
    ['a.json', '{"a": [1, null]}\n'],
    ['a.toml', '[a]\nb = 1\n'],
    ['a.go', 'package a\n\ntype S[T any] struct{ X []T `json:"x"` }\n\nfunc (s *S[T]) F() { go func() {}() }\n'],
    [
      'a.rs',
      "pub async fn f<'a, T: Fn() -> u8>(x: &'a T) -> Option<u8> { let Some(y) = Some(x()) else { return None; }; Some(y) }\n",
    ],
    ['A.java', 'sealed interface A permits B {}\nrecord B(int x) implements A { B { assert x > 0; } }\n'],
    ['a.yaml', 'a: &x\n  b: !Ref c\n---\n# next\nd: |\n  text: [\n'],
    ['ci.yml', 'on: push\njobs:\n  a:\n    if: \u0024{{ github.ref == 1 }}\n'],
    ['chart.yaml', 'a:\n{{- if .Values.x }}\n  b: {{ .Values.b }}\n{{- end }}\n'],
    ['long.yaml', '- [\n'.repeat(20_000)],
    ['tsconfig.json', '{\n  // a comment\n  "a": 1,\n}\n'],
    ['a.txt', '{ not a language'],
  ])('is not mentioned where it is sound, or nothing that is checked: %s', async (name, text) => {
    expect(await saidOf(name, text)).toBe('');
  });

  it('is checked after edit_file too, and below the notes on where the edit went', async () => {
    const answer = await edited('a.js', 'const a = [1];\n', '1]', '1');
    expect(answer).toMatch(/M a\.js:1\nkeel:t3st a\.js line 1: /);
  });

  it('is not mentioned where the file had an error before: the check may not know the dialect', async () => {
    expect(await edited('a.json', '{ /* a */ "a": 1 }\n', '1', '2')).not.toContain(MARK);
    expect(await edited('a.js', 'a b c\nx\n', 'x', 'y')).not.toContain(MARK);
  });

  it('is not checked where that is switched off', async () => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    Object.assign(turn.context, { checksSyntax: false });
    expect(textOf(await turn.freeform(applyPatchTool.handler, patchOf('*** Add File: a.json\n+{')))).not.toContain(
      MARK,
    );
  });

  it('quotes a hostile text in one short line', async () => {
    const said = await saidOf('a.js', `const a = [\u001b[31m${'x'.repeat(5_000)} y z\n`);
    expect(said.length).toBeLessThan(200);
    expect(said).not.toContain('\u001b');
  });
});
