import { expect, test } from 'vitest';
import { changesOf } from '../../../src/context/history/command-changes.ts';

test.each([
  ['echo x > a.txt', ['M a.txt']],
  ['echo x >>"my file.txt" 2>&1', ['M my file.txt']],
  ['make 2> errors.log | tee -a out/build.log', ['M errors.log', 'M out/build.log']],
  ["sed -i 's/a > b/c/' src/a.ts src/b.ts && echo done", ['M src/a.ts', 'M src/b.ts']],
  ["sed -i.bak -e 's/x/y/' a.c; perl -pi -e 's/x/y/' b.c", ['M a.c', 'M b.c']],
  ["sed -n 's/x/y/p' a.c", []],
  ['mv old.ts new.ts', ['D old.ts', 'M new.ts']],
  ['FOO=1 cp -r a b', ['M b']],
  ['rm -rf build dist', ['D build', 'D dist']],
  ['git mv a b; git rm c; git checkout -- d; git checkout main', ['D a', 'M b', 'D c', 'M d']],
  ["cat > gen.py <<'EOF'\nprint('a > b')\nrm everything\nEOF\npython gen.py", ['M gen.py']],
  ['echo x > /dev/null; echo y > /tmp/z; echo "$A" > "$HOME/f"; ls > *.txt', []],
  ['grep -n "a > b" file.txt # > no.txt', []],
  ['if true; then echo x > in-branch.txt; fi', ['M in-branch.txt']],
  ['cd sub && (touch x; npm test)', ['M x']],
  ['echo "unfinished', []],
])('%j changes %j', (script, expected) => {
  expect(changesOf(script).map(({ path, kind }) => `${kind} ${path}`)).toEqual(expected);
});
