import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/storage/config/index.ts';
import { SessionChoices, type Settings } from '../../../src/surfaces/acp/session/settings.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
beforeEach(() => {
  home = tempDir();
});
afterEach(() => home[Symbol.dispose]());

async function choicesOf(config: string, managed = '') {
  home.write({ 'config.toml': config, 'system/managed_config.toml': managed });
  const systemDir = `${home.path}/system`;
  const loaded = await loadConfig({
    env: { KEEL_HOME: home.path },
    cwd: home.path,
    overrides: [],
    flags: {},
    systemDir,
  });
  const { model, effort, approvalPolicy, sandboxPolicy } = loaded;
  const settings: Settings = { model, effort, approvalPolicy, sandboxPolicy };
  return { choices: new SessionChoices(loaded, settings), settings };
}

/** The values of an option, with the one in use first. */
function valuesOf({ choices, settings }: Awaited<ReturnType<typeof choicesOf>>, id: string): readonly string[] {
  const option = choices.options(settings).find((one) => one.id === id);
  if (option?.type !== 'select') throw new Error(`no list ${id}`);
  return [option.currentValue, ...option.options.map((one) => ('value' in one ? one.value : one.name))];
}

describe('what a client can choose', () => {
  test('models are those that settings name and that can call tools', async () => {
    const made = await choicesOf(
      'model = "gpt-5"\nmodels."own-model" = { context_window = 9000 }\nmodels."dall-e-3" = {}\n',
    );
    expect(valuesOf(made, 'model')).toEqual(['gpt-5', 'gpt-5', 'own-model']);
  });

  test('another model keeps the thought level if it knows it, and has the default otherwise', async () => {
    const config =
      'model = "gpt-5.2-codex"\nmodel_reasoning_effort = "xhigh"\nmodels.o3 = {}\nmodels."gpt-5-codex" = {}\n';
    const { choices, settings } = await choicesOf(config);
    expect(choices.change(settings, 'model', 'gpt-5-codex')).toEqual({ model: 'gpt-5-codex' });
    expect(choices.change(settings, 'model', 'o3')).toEqual({ model: 'o3', effort: null });
  });

  test('a combination of the user’s own is a mode beside the others', async () => {
    const made = await choicesOf('sandbox_mode = "read-only"\napproval_policy = "never"\n');
    expect(valuesOf(made, 'mode')).toEqual(['configured', 'configured', 'read-only', 'ask', 'auto', 'full-access']);
    const { choices, settings } = made;
    const chosen = { ...settings, ...choices.change(settings, 'mode', 'auto') };
    expect(choices.modes(chosen).currentModeId).toBe('auto');
    expect({ ...chosen, ...choices.change(chosen, 'mode', 'configured') }).toEqual(settings);
  });

  test('what the administrator fixes can not be chosen otherwise', async () => {
    const fixed = 'sandbox_mode = "read-only"\nmodel = "gpt-5"\nmodel_reasoning_effort = "low"\n';
    const made = await choicesOf('models.o3 = {}\n', fixed);
    expect(valuesOf(made, 'mode')).toEqual(['read-only', 'read-only']);
    expect(valuesOf(made, 'model')).toEqual(['gpt-5', 'gpt-5']);
    expect(valuesOf(made, 'thought_level')).toEqual(['low', 'low']);
  });
});
