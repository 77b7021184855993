import { execFileSync, spawn } from 'node:child_process';
import { linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SandboxPolicy } from '../../../../src/foundation/protocol/index.ts';
import { writableRoots, writeFaultJudge } from '../../../../src/system/sandbox/index.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

type Workspace = Extract<SandboxPolicy, { mode: 'workspace-write' }>;

/** Nothing but the working directory. */
function workspace(more: Partial<Workspace> = {}): SandboxPolicy {
  const base = { network_access: false, exclude_tmpdir_env_var: true, exclude_slash_tmp: true } as const;
  return { mode: 'workspace-write', ...base, ...more };
}

interface Place {
  readonly dir: TempDir;
  /** Working directory, below `dir`. */
  readonly cwd?: string;
  readonly policy?: SandboxPolicy;
  readonly tmpdir?: string;
}

function judge({ dir, cwd = 'project', policy = workspace(), tmpdir }: Place): (name: string) => boolean {
  const env = tmpdir === undefined ? {} : { TMPDIR: join(dir.path, tmpdir) };
  const faultOf = writeFaultJudge({ policy, cwd: join(dir.path, cwd), env });
  return (name) => faultOf(join(dir.path, name)) === null;
}

function project(files: Readonly<Record<string, string>> = {}): TempDir {
  const dir = tempDir();
  dir.write({ 'project/readme.md': 'hello\n', 'elsewhere/kept.txt': 'mine\n', ...files });
  return dir;
}

describe('the writable roots', () => {
  const env = { TMPDIR: '' };

  it('are everything under full access and nothing under read-only', () => {
    const cwd = '/';
    expect(writableRoots({ policy: { mode: 'danger-full-access' }, cwd, env })).toEqual(['/']);
    expect(writableRoots({ policy: { mode: 'read-only' }, cwd, env })).toEqual([]);
  });

  it('T18: are the configured ones, the working directory and temporary space, each once and resolved', () => {
    using dir = project({ 'tmp/x': '', 'extra/x': '' });
    symlinkSync('extra', join(dir.path, 'alias'));
    const policy = workspace({
      writable_roots: [join(dir.path, 'alias'), join(dir.path, 'extra')],
      exclude_tmpdir_env_var: false,
      exclude_slash_tmp: false,
    });
    const roots = writableRoots({ policy, cwd: join(dir.path, 'project'), env: { TMPDIR: join(dir.path, 'tmp') } });
    const here = ['extra', 'project', 'tmp'].map((name) => join(dir.path, name));
    expect(roots.filter((root) => here.includes(root))).toEqual([here[0], here[1], here[2]]);
    expect(roots).toHaveLength(4);
  });

  it('T18: leave temporary space out where the policy excludes it', () => {
    using dir = project({ 'tmp/x': '' });
    const cwd = join(dir.path, 'project');
    expect(writableRoots({ policy: workspace(), cwd, env: { TMPDIR: join(dir.path, 'tmp') } })).toEqual([cwd]);
  });

  it('T24: leave out a root that is missing or no directory', () => {
    using dir = project();
    const cwd = join(dir.path, 'project');
    const policy = workspace({ writable_roots: [join(dir.path, 'none'), join(cwd, 'readme.md')] });
    expect(writableRoots({ policy, cwd, env })).toEqual([cwd]);
  });
});

describe('what keel itself may write', () => {
  it('is any path under full access, and none under read-only', () => {
    using dir = project();
    const names = ['project/readme.md', 'project/.git/config', 'elsewhere/kept.txt'];
    const free = judge({ dir, policy: { mode: 'danger-full-access' } });
    const closed = judge({ dir, policy: { mode: 'read-only' } });
    expect(names.map(free)).toEqual([true, true, true]);
    expect(names.map(closed)).toEqual([false, false, false]);
  });

  it('is what lies in the working directory, also below folders that do not exist yet', () => {
    using dir = project();
    const allowed = judge({ dir });
    expect(allowed('project/readme.md')).toBe(true);
    expect(allowed('project/new/deep/file.ts')).toBe(true);
    expect(allowed('elsewhere/kept.txt')).toBe(false);
    expect(allowed('project/../elsewhere/kept.txt')).toBe(false);
  });

  it('is not what lies in a folder whose name only begins alike', () => {
    using dir = project({ 'project-two/x': '' });
    expect(judge({ dir })('project-two/x')).toBe(false);
    expect(judge({ dir })('Project/x')).toBe(false);
  });

  it('takes a file whose name begins with two dots for what it is', () => {
    using dir = project();
    expect(judge({ dir })('project/..hidden')).toBe(true);
  });

  it('is judged where a link leads', () => {
    using dir = project();
    symlinkSync('../elsewhere', join(dir.path, 'project/out'));
    symlinkSync('readme.md', join(dir.path, 'project/in'));
    const allowed = judge({ dir });
    expect(allowed('project/out/new.txt')).toBe(false);
    expect(allowed('project/out/kept.txt')).toBe(false);
    expect(allowed('project/in')).toBe(true);
  });

  it('is judged where a link leads whose target does not exist yet', () => {
    using dir = project();
    symlinkSync('../elsewhere/new.txt', join(dir.path, 'project/dangling'));
    symlinkSync('dangling', join(dir.path, 'project/twice'));
    symlinkSync('later.txt', join(dir.path, 'project/inside'));
    const allowed = judge({ dir });
    expect(allowed('project/dangling')).toBe(false);
    expect(allowed('project/twice')).toBe(false);
    expect(allowed('project/inside')).toBe(true);
  });

  it('T40: ends with links that lead round in a circle', () => {
    using dir = project();
    symlinkSync('b', join(dir.path, 'project/a'));
    symlinkSync('a', join(dir.path, 'project/b'));
    expect(judge({ dir })('project/a')).toBe(true);
  });

  it('T24: is the same when the working directory is a link', () => {
    using dir = project();
    symlinkSync('project', join(dir.path, 'alias'));
    expect(judge({ dir, cwd: 'alias' })('alias/readme.md')).toBe(true);
    expect(judge({ dir, cwd: 'alias' })('project/readme.md')).toBe(true);
  });

  it('is not a file that has a second name somewhere', () => {
    using dir = project();
    linkSync(join(dir.path, 'elsewhere/kept.txt'), join(dir.path, 'project/same'));
    expect(judge({ dir })('project/same')).toBe(false);
  });
});

describe('what stays as it is in a writable root', () => {
  it.each(['.git', '.keel', '.agents', '.codex', '.claude', '.GIT'])('T19: is %s, whether it exists or not', (name) => {
    using dir = project();
    expect(judge({ dir })(`project/${name}`)).toBe(false);
    expect(judge({ dir })(`project/${name}/hooks/pre-commit`)).toBe(false);
    dir.write({ [`project/${name}/config`]: '' });
    expect(judge({ dir })(`project/${name}/config`)).toBe(false);
  });

  it('is so at every depth', () => {
    using dir = project();
    expect(judge({ dir })('project/vendor/.git/config')).toBe(false);
    expect(judge({ dir })('project/packages/a/.keel/config.toml')).toBe(false);
  });

  it('is nothing whose name only begins so', () => {
    using dir = project();
    expect(judge({ dir })('project/.gitignore')).toBe(true);
    expect(judge({ dir })('project/src/.git-blame-ignore')).toBe(true);
  });

  it('T19: is so also below a broader root', () => {
    using dir = project();
    const policy = workspace({ exclude_tmpdir_env_var: false });
    const allowed = judge({ dir, policy, tmpdir: '.' });
    expect(allowed('elsewhere/kept.txt')).toBe(true);
    expect(allowed('project/.git/config')).toBe(false);
  });

  it('can be written when the user configured a root inside it', () => {
    using dir = project({ 'project/.codex/prompts/a.md': '' });
    const policy = workspace({ writable_roots: [join(dir.path, 'project/.codex/prompts')] });
    const allowed = judge({ dir, policy });
    expect(allowed('project/.codex/prompts/a.md')).toBe(true);
    expect(allowed('project/.codex/config.toml')).toBe(false);
  });

  it('T19: is the directory that a .git file points to', () => {
    using dir = project({ 'project/.git': 'gitdir: meta/repository\n', 'project/meta/repository/config': '' });
    const allowed = judge({ dir });
    expect(allowed('project/meta/repository/config')).toBe(false);
    expect(allowed('project/meta/notes.md')).toBe(true);
  });

  it('T20: is a protected name that is a link, and what the link leads to', () => {
    using dir = project({ 'project/store/config': '' });
    symlinkSync('store', join(dir.path, 'project/.git'));
    const allowed = judge({ dir });
    expect(allowed('project/.git/config')).toBe(false);
    expect(allowed('project/store/config')).toBe(false);
  });

  it('is not waited for where a pipe is in its place', () => {
    using dir = project();
    const pipe = join(dir.path, 'project/.git');
    execFileSync('mkfifo', [pipe]);
    // Without it a read that waits would never end, and no test could notice.
    const script = `while :; do echo gitdir: elsewhere > '${pipe}'; sleep 0.1; done`;
    const writer = spawn('sh', ['-c', script], { detached: true });
    try {
      expect(judge({ dir })('project/elsewhere/config')).toBe(true);
    } finally {
      process.kill(-(writer.pid ?? 0), 'SIGKILL');
    }
  });
});
