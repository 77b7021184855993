import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalMethods } from '../../../../src/surfaces/app-server/methods/local-methods.ts';
import { caller, refusal, uncheckedCaller, world } from './support.ts';

test('files are found by parts of their names, the best first, none that is ignored', async () => {
  using here = world('', {
    'project/src/frame-writer.ts': '',
    'project/docs/fw.md': '',
    'project/.gitignore': 'built\n',
  });
  here.dir.write({ 'project/built/frame-writer.js': '' });
  await using local = new LocalMethods(here.context);
  const call = caller(local.methods, here.client);
  expect(await call('fuzzyFileSearch', { query: 'framewr', roots: [here.project] })).toEqual({
    files: [
      {
        root: here.project,
        path: 'src/frame-writer.ts',
        match_type: 'file',
        file_name: 'frame-writer.ts',
        score: expect.any(Number),
        indices: [4, 5, 6, 7, 8, 10, 11],
      },
    ],
  });
  expect(await call('fuzzyFileSearch', { query: '', roots: [here.project] })).toEqual({ files: [] });
  await refusal(call('fuzzyFileSearch', { query: 's', roots: [join(here.dir.path, 'outside')] }));
});

test('a newer search with the same token replaces an older one', async () => {
  using here = world();
  await using local = new LocalMethods(here.context);
  const call = caller(local.methods, here.client);
  const search = { query: 'readme', roots: [here.project], cancellationToken: 't' };
  const [older, newer] = await Promise.all([call('fuzzyFileSearch', search), call('fuzzyFileSearch', search)]);
  expect(older).toEqual({ files: [] });
  expect(newer).toMatchObject({ files: [{ path: 'readme.md' }] });
});

test('a session reports what each query finds', async () => {
  using here = world();
  await using local = new LocalMethods(here.context);
  const call = caller(local.methods, here.client);
  await call('fuzzyFileSearch/sessionStart', { sessionId: 's', roots: [here.project] });
  await call('fuzzyFileSearch/sessionUpdate', { sessionId: 's', query: 'rea' });
  const sent = await here.client.until((all) => (all.length === 2 ? all : undefined));
  expect(sent).toMatchObject([
    {
      method: 'fuzzyFileSearch/sessionUpdated',
      params: { sessionId: 's', query: 'rea', files: [{ path: 'readme.md' }] },
    },
    { method: 'fuzzyFileSearch/sessionCompleted', params: { sessionId: 's' } },
  ]);
  await call('fuzzyFileSearch/sessionStop', { sessionId: 's' });
  await refusal(call('fuzzyFileSearch/sessionUpdate', { sessionId: 's', query: 'x' }));
});

test('every method of the table is there, and files of other folders that clients work in are theirs too', async () => {
  using here = world();
  const other = join(here.dir.path, 'other');
  here.dir.write({ 'other/file': 'x' });
  execFileSync('git', ['init', '--quiet', other]);
  // The settings of a folder that is gone, or at fault, cost the others nothing.
  const folders = () => [other, join(here.dir.path, 'gone')];
  await using local = new LocalMethods({ ...here.context, folders });
  const call = caller(local.methods, here.client);
  expect(await call('fs/readFile', { path: join(other, 'file') })).toEqual({ dataBase64: 'eA==' });
  expect(await call('command/exec', { command: ['/bin/sh', '-c', 'echo x > made; cat made'], cwd: other })).toEqual({
    exitCode: 0,
    stdout: 'x\n',
    stderr: '',
  });
  for (const name of Object.keys(local.methods)) {
    const outcome = await uncheckedCaller(local.methods, here.client)(name, { path: 7 }).catch(
      (error: unknown) => error,
    );
    expect(String(outcome)).not.toContain('has no such method');
  }
});
