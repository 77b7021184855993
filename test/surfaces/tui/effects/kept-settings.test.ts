import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../src/storage/config/index.ts';
import { keepSetting } from '../../../../src/surfaces/tui/effects/kept-settings.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const home = freshDirectory();
const OWN = '[model_providers.own]\nname = "Own"\nbase_url = "http://127.0.0.1:9/v1"\n';

/** The file after a model was chosen in a terminal that was started with these settings. */
async function kept(settings: string, given: { readonly overrides?: string[]; readonly profile?: string } = {}) {
  home.write({ 'config.toml': settings });
  const env = { PATH: '/usr/bin:/bin', HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'k' };
  const flags = given.profile === undefined ? {} : { profile: given.profile };
  const config = await loadConfig({ env, cwd: home.path, overrides: given.overrides ?? [], flags });
  const said = await keepSetting(config, given.profile ?? null, { type: 'model', model: 'm2', effort: 'low' });
  return { said, text: readFileSync(join(home.path, 'config.toml'), 'utf8') };
}

test('a model of the usual provider is kept without it', async () => {
  const { said, text } = await kept('# mine\nmodel = "m1"\n');
  expect(text).toContain('# mine\nmodel = "m2"\n');
  expect(text).toContain('model_reasoning_effort = "low"');
  expect(text).not.toContain('model_provider');
  expect(said).toBe('The model is kept in config.toml, for new threads.');
});

test('a model of another provider is kept with it', async () => {
  const { text } = await kept(`model = "m1"\n${OWN}`, { overrides: ['model_provider="own"'] });
  expect(text).toContain('model_provider = "own"');
  expect(text).toContain('model = "m2"');
});

test('a provider that the command line alone defines is not kept, and neither is its model', async () => {
  const overrides = [
    'model_provider="own"',
    'model_providers.own.name="Own"',
    'model_providers.own.base_url="http://127.0.0.1:9/v1"',
  ];
  const { said, text } = await kept('model = "m1"\n', { overrides });
  expect(text).toBe('model = "m1"\n');
  expect(said).toContain('not kept');
});

test.each([
  ['that the command line names', '', { profile: 'work' }],
  ['of the settings', 'profile = "work"\n', {}],
])('in a profile %s the choice is kept there', async (_name, top, given) => {
  const { text } = await kept(`${top}model = "m1"\n\n[profiles.work]\nmodel = "w1"\n`, given);
  expect(text).toContain('model = "m1"');
  expect(text.slice(text.indexOf('[profiles.work]'))).toContain('model = "m2"');
  expect(text).not.toContain('w1');
});
