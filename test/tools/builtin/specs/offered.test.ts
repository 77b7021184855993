import { describe, expect, it } from 'vitest';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import { toolName } from '../../../../src/models/prompt/index.ts';
import { builtinTools, offeredTools, specsFor } from '../../../../src/tools/index.ts';
import { allSpecs, descriptionOf, offeredSets, specsOf } from './support.ts';

const runners = ['exec_command', 'shell', 'shell_command'];

describe('the tools that a model is offered', () => {
  it.each<[string, string[]]>([
    ['session-function', ['exec_command', 'write_stdin', 'apply_patch', 'update_plan', 'view_image']],
    ['session-freeform', ['exec_command', 'write_stdin', 'apply_patch', 'update_plan', 'view_image']],
    ['shell-function', ['shell', 'write_stdin', 'apply_patch', 'update_plan']],
    ['shell-freeform', ['shell', 'write_stdin', 'apply_patch', 'update_plan', 'view_image']],
    ['shell-command-freeform', ['shell_command', 'write_stdin', 'apply_patch', 'update_plan', 'view_image']],
    ['session-edit', ['exec_command', 'write_stdin', 'edit_file', 'update_plan', 'view_image']],
    ['lean', ['shell_command', 'write_stdin', 'read_file', 'edit_file', 'update_plan']],
    [
      'reader',
      [
        'exec_command',
        'write_stdin',
        'apply_patch',
        'update_plan',
        'view_image',
        'read_file',
        'grep_files',
        'list_dir',
      ],
    ],
  ])('of %s are in their order', (name, tools) => {
    const set = offeredSets.find((each) => each.name === name);
    expect(set && specsOf(set).map(toolName)).toEqual(tools);
  });

  it.each(offeredSets)('P2: of $name are the reviewed ones, byte for byte', async (set) => {
    const lines = specsOf(set).map((spec) => JSON.stringify(spec));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/${set.name}.jsonl`);
  });

  it('P1: of the default set fit into their budget', () => {
    for (const set of offeredSets.filter(({ name }) => name.startsWith('session'))) {
      expect(Buffer.byteLength(JSON.stringify(specsOf(set)))).toBeLessThanOrEqual(3_300);
    }
  });

  it.each(offeredSets)('must-hold 6: of $name hold one way to run commands', (set) => {
    expect(specsOf(set).filter((spec) => runners.includes(toolName(spec)))).toHaveLength(1);
  });

  it.each(offeredSets)('must-hold 7: of $name are no tools of servers that are not there', (set) => {
    expect(specsOf(set).filter((spec) => toolName(spec).includes('mcp'))).toEqual([]);
  });

  it('must-hold 25: never hold both editors', () => {
    for (const set of offeredSets) {
      const editors = specsOf(set).filter((spec) => ['apply_patch', 'edit_file'].includes(toolName(spec)));
      expect(editors).toHaveLength(1);
    }
  });

  it('are the set that the user configured, in the form of the family', () => {
    expect(offeredTools(modelInfo('qwen3-coder'), 'session')).toEqual([
      'exec_command',
      'write_stdin',
      'edit_file',
      'update_plan',
    ]);
    expect(offeredTools(modelInfo('gpt-5'), 'lean')).toContain('edit_file');
    expect(offeredTools(modelInfo('gpt-5.1-codex'), 'shell')[0]).toBe('shell_command');
  });

  it.each(['gpt-5', 'gpt-5-codex', 'qwen3-coder'])(
    'lets commands of %s outlive the run only in a thread that began without a sandbox',
    (slug) => {
      const model = modelInfo(slug);
      const specs = (offersKeepRunning: boolean) =>
        JSON.stringify(
          specsFor(builtinTools(), offeredTools(model, null), {
            model,
            offersEscalation: false,
            offersKeepRunning,
          }),
        );
      expect(specs(true).match(/"keep_running":/g)).toHaveLength(1);
      expect(specs(false)).not.toContain('keep_running');
    },
  );

  it('is no image tool for a model that takes no images', () => {
    const model = { ...modelInfo('gpt-5'), supportsImages: false };
    for (const set of ['session', 'shell', 'lean', 'reader'] as const) {
      expect(offeredTools(model, set)).not.toContain('view_image');
    }
  });

  it.each(allSpecs.map((spec) => [`${toolName(spec)} (${spec.type})`, spec] as const))(
    'P1: the description of %s is within its budget',
    (_, spec) => {
      const isPatchFunction = spec.type === 'function' && spec.name === 'apply_patch';
      expect(Buffer.byteLength(descriptionOf(spec))).toBeLessThanOrEqual(isPatchFunction ? 800 : 350);
    },
  );
});
