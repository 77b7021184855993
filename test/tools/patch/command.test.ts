import { describe, expect, it } from 'vitest';
import { isBarePatch, patchInCommand } from '../../../src/tools/patch/index.ts';

const patch = '*** Begin Patch\n*** Add File: a\n+$HOME\n*** End Patch';
const here = `<<'EOF'\n${patch}\nEOF`;

function inScript(script: string) {
  return patchInCommand(['bash', '-lc', script]);
}

describe('patchInCommand', () => {
  it.each([['apply_patch'], ['applypatch']])('finds the argument of %s', (name) => {
    expect(patchInCommand([name, patch])).toEqual({ text: patch, workdir: null });
  });

  it.each([[['bash', '-lc']], [['/bin/bash', '-c']], [['zsh', '-lc']], [['/usr/bin/sh', '-c']]])(
    'finds a here-document in a script of %j',
    (shell) => {
      expect(patchInCommand([...shell, `apply_patch ${here}`])).toEqual({ text: patch, workdir: null });
    },
  );

  it.each([
    ["apply_patch <<'EOF'", 'EOF'],
    ['apply_patch <<EOF', 'EOF'],
    ['apply_patch << "X Y"', 'X Y'],
    ['applypatch <<END-OF-PATCH', 'END-OF-PATCH'],
    ['\n\napply_patch<<EOF', 'EOF'],
  ])('takes the body literally after %j', (open, delimiter) => {
    expect(inScript(`${open}\n${patch}\n${delimiter}\n\n`)).toEqual({ text: patch, workdir: null });
  });

  it('strips leading tabs where the here-document asks for it', () => {
    const indented = patch.replaceAll(/^/gm, '\t\t');
    expect(inScript(`apply_patch <<-EOF\n${indented}\n\tEOF`)).toEqual({ text: patch, workdir: null });
  });

  it.each([
    ['cd sub &&', 'sub'],
    ["cd 'a b' &&", 'a b'],
    ['cd "a b" &&', 'a b'],
    ['cd /abs/dir-1.x &&', '/abs/dir-1.x'],
    ['cd ../up &&', '../up'],
  ])('A25: remembers the directory of %j', (change, workdir) => {
    expect(inScript(`${change} apply_patch ${here}`)).toEqual({ text: patch, workdir });
  });

  it.each([
    'cd sub;',
    'cd sub ||',
    'cd sub |',
    'cd a b &&',
    'cd a && cd b &&',
    'cd -P a &&',
    'cd - &&',
    "cd '-' &&",
    'cd &&',
    'echo x &&',
    'cd $D &&',
    'cd "$D" &&',
    'cd "a$D" &&',
    'cd ~/x &&',
    'cd a\\ b &&',
    'cd a* &&',
    'cd {a,b} &&',
    "cd a'b' &&",
    'A=1',
    './',
    '# note\n',
    'cat p |',
    '(',
  ])('A25: takes a script that begins with %j as an ordinary command', (before) => {
    expect(inScript(`${before} apply_patch ${here}`.replace('./ ', './'))).toBeNull();
  });

  it.each([
    ['an argument', `apply_patch -v ${here}`],
    ['a further command on its line', `apply_patch <<'EOF' && ls\n${patch}\nEOF`],
    ['a redirection', `apply_patch <<'EOF' > log\n${patch}\nEOF`],
    ['commands after it', `apply_patch ${here}\nls`],
    ['a here-string', `apply_patch <<< '${patch}'`],
    ['a quoted argument', `apply_patch '${patch}'`],
    ['no terminator', `apply_patch <<'EOF'\n${patch}\n`],
    ['unequal quotes', `apply_patch <<"EOF'\n${patch}\nEOF`],
  ])('takes a call with %s as an ordinary command', (_, script) => {
    expect(inScript(script)).toBeNull();
  });

  it.each([
    [['apply_patch', patch, 'more']],
    [['/usr/bin/apply_patch', patch]],
    [['bash', '-x', `apply_patch ${here}`]],
    [['bash', '-lc', `apply_patch ${here}`, 'name']],
    [['fish', '-c', `apply_patch ${here}`]],
    [[]],
  ])('takes %j as an ordinary command', (argv) => {
    expect(patchInCommand(argv)).toBeNull();
  });
});

describe('isBarePatch', () => {
  it.each([[[patch]], [['bash', '-lc', patch]], [['sh', '-c', `\n${patch}\n`]]])('A26: is true of %j', (argv) => {
    expect(isBarePatch(argv)).toBe(true);
  });

  it.each([
    [['apply_patch', patch]],
    [['echo', '-n', patch]],
    [['bash', '-lc', `apply_patch ${here}`]],
    [['*** Begin Patch\nnonsense\n*** End Patch']],
    [['ls']],
  ])('is false of %j', (argv) => {
    expect(isBarePatch(argv)).toBe(false);
  });
});
