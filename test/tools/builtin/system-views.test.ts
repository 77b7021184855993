import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { grepFilesTool } from '../../../src/tools/builtin/grep-files.ts';
import { listDirTool } from '../../../src/tools/builtin/list-dir.ts';
import { readFileTool } from '../../../src/tools/builtin/read-file.ts';
import { viewImageTool } from '../../../src/tools/builtin/view-image.ts';
import { Workspace } from '../patch/support.ts';
import { ToolTurn, textOf } from './support.ts';

/** Without a sandbox, where a command could read all. */
const open = { sandboxPolicy: { mode: 'danger-full-access' } } as const;

describe.runIf(process.platform === 'linux')('a view of the system', () => {
  it.each([
    '/proc/self/environ',
    '/proc/self/root/proc/self/environ',
    `/proc/${process.pid}/environ`,
    '/dev/fd/../environ',
    '/dev/zero',
    'link',
  ])('is not shown by a tool, sandbox or not: %s', async (target) => {
    using workspace = new Workspace();
    symlinkSync('/proc/self/environ', workspace.path('link'));
    const path = target === 'link' ? workspace.path('link') : target;
    for (const turn of [new ToolTurn(workspace.dir), new ToolTurn(workspace.dir, open)]) {
      const outputs = [
        await turn.call(readFileTool.handler, { file_path: path }),
        await turn.call(viewImageTool.handler, { path }),
        await turn.call(grepFilesTool.handler, { pattern: 'PATH', path }),
      ];
      for (const output of outputs) expect(output.success).toBe(false);
      expect(outputs.map(textOf).join()).not.toContain(process.env['PATH']);
    }
  });

  it.each(['/proc', '/proc/self/task', '/sys', '/dev'])('is not listed: %s', async (path) => {
    using workspace = new Workspace();
    const output = await new ToolTurn(workspace.dir, open).call(listDirTool.handler, { dir_path: path });
    expect(textOf(output)).toMatch(/view of the system/);
  });
});

describe('memory that holds files', () => {
  it('is no such view: a file in it is read', async () => {
    const dir = mkdtempSync('/dev/shm/keel-test-');
    try {
      writeFileSync(join(dir, 'f'), 'kept in memory\n');
      const turn = new ToolTurn(dir);
      expect(textOf(await turn.call(readFileTool.handler, { file_path: join(dir, 'f') }))).toContain('kept in memory');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('what has no end', () => {
  it('is not waited for: a pipe', async () => {
    using workspace = new Workspace();
    execFileSync('mkfifo', [workspace.path('pipe')]);
    const turn = new ToolTurn(workspace.dir);
    const path = workspace.path('pipe');
    expect(textOf(await turn.call(readFileTool.handler, { file_path: path }))).toContain('it is not a regular file');
    expect(textOf(await turn.call(viewImageTool.handler, { path }))).toContain('it is not a regular file');
    expect(textOf(await turn.call(grepFilesTool.handler, { pattern: 'x', path }))).toContain(
      'it is not a regular file',
    );
  });

  it('is not read to its end: a sparse file of a terabyte, which an interrupt gets through to', async () => {
    using workspace = new Workspace({ 'big.png': 'first\n'.repeat(20_000) });
    truncateSync(workspace.path('big.png'), 2 ** 40);
    const turn = new ToolTurn(workspace.dir);
    expect(textOf(await turn.call(viewImageTool.handler, { path: 'big.png' }))).toContain('it is larger than');
    const output = await turn.call(
      readFileTool.handler,
      { file_path: workspace.path('big.png'), limit: 1 },
      AbortSignal.timeout(50),
    );
    expect(textOf(output)).toContain('aborted');
  });
});
