import { describe, expect, it } from 'vitest';
import { updatePlanTool } from '../../../src/tools/builtin/update-plan.ts';
import { viewImageTool } from '../../../src/tools/builtin/view-image.ts';
import { Workspace } from '../patch/support.ts';
import { ToolTurn, textOf } from './support.ts';

describe('update_plan', () => {
  it('shows the plan to the user and answers that it did', async () => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    const plan = [{ step: 'look', status: 'completed' }];
    expect(await turn.call(updatePlanTool.handler, { plan, explanation: 'why' })).toEqual({
      body: 'Plan updated',
      success: true,
    });
    expect(turn.seen).toEqual([`plan ${JSON.stringify(['why', plan])}`]);
  });

  it.each([
    ['a missing plan', { explanation: 'x' }, 'missing field `plan`'],
    [
      'a status that is none',
      { plan: [{ step: 'x', status: 'done' }] },
      'Expected plan.0.status to be one of pending, in_progress, completed; got "done". Required: plan.',
    ],
  ])('T2: answers %s and shows no plan', async (_, args, message) => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    const text = textOf(await turn.call(updatePlanTool.handler, args));
    expect(text).toMatch(/^failed to parse function arguments: /);
    expect(text).toContain(message);
    expect(turn.seen).toEqual([]);
  });
});

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('view_image', () => {
  it('puts the image before the next request and shows that it was viewed', async () => {
    using workspace = new Workspace();
    workspace.write('a.png', PNG);
    const turn = new ToolTurn(workspace.dir);
    expect(await turn.call(viewImageTool.handler, { file_path: 'a.png' })).toEqual({
      body: 'attached local image path',
      success: true,
    });
    expect(turn.injected).toEqual([{ type: 'image', url: `data:image/png;base64,${PNG.toString('base64')}` }]);
    expect(turn.seen).toEqual(['started imageView', 'completed imageView']);
  });

  it('T37: answers a missing file and a directory with why they are none', async () => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    const missing = await turn.call(viewImageTool.handler, { path: 'none.png' });
    expect(textOf(missing)).toMatch(/^unable to locate image at `.*none\.png`: ENOENT/);
    expect(textOf(await turn.call(viewImageTool.handler, { path: '.' }))).toBe(
      `unable to attach image \`${workspace.dir}\`: it is a directory`,
    );
  });

  it('says so when no turn takes the image', async () => {
    using workspace = new Workspace();
    workspace.write('a.png', PNG);
    const turn = new ToolTurn(workspace.dir);
    turn.isRunning = false;
    expect(await turn.call(viewImageTool.handler, { path: 'a.png' })).toEqual({
      body: 'unable to attach image (no active task)',
      success: false,
    });
    expect(turn.seen).toEqual([]);
  });
});
