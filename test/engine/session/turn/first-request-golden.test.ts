import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeFirstRequest } from '../../../../src/engine/session/index.ts';
import { loadConfig } from '../../../../src/storage/config/index.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

const MAX_BYTES = 8 * 1024;
/** One model of each family that differs in its texts, tools or settings, and one that is in none. */
const models = [
  'gpt-5-codex',
  'gpt-5.1-codex',
  'gpt-5.2-codex',
  'codex-mini-latest',
  'gpt-5',
  'gpt-5.1',
  'o3',
  'gpt-4.1',
  'gpt-oss:20b',
  'claude-sonnet-4-5',
  'gemini-2.5-pro',
  'qwen3-coder',
  'somebody-elses-model',
];

let home: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** The body with what differs from run to run named instead. */
async function firstRequest(model: string, canAsk: boolean): Promise<string> {
  const config = await loadConfig({
    env: { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'test' },
    cwd: repo.path,
    overrides: [`model=${JSON.stringify(model)}`, 'sandbox_mode="workspace-write"'],
    flags: {},
    systemDir: home.path,
  });
  const { body } = await describeFirstRequest({ config, prompt: 'Mend the failing test.', version: '0.0.0', canAsk });
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BYTES);
  return body
    .replaceAll(repo.path, '/w/repo')
    .replaceAll(/keel:[0-9a-f]{6}/g, 'keel:000000')
    .replaceAll(/<date>[^<]*<\/date>/g, '<date>2026-01-02</date>')
    .replaceAll(/<os>[^<]*<\/os>/g, '<os>linux x64</os>')
    .replaceAll(/<shell>[^<]*<\/shell>/g, '<shell>bash</shell>')
    .replaceAll(/ *<repository>[^<]*<\/repository>\\n/g, '')
    .replaceAll(/"prompt_cache_key":"[^"]*"/g, '"prompt_cache_key":"THREAD"');
}

describe('P2: the whole first request', () => {
  test.each(
    models.flatMap(
      (model) =>
        [
          [model, 'exec'],
          [model, 'terminal'],
        ] as const,
    ),
  )('of %s in %s', async (model, surface) => {
    const body: unknown = JSON.parse(await firstRequest(model, surface === 'terminal'));
    const name = `${model.replaceAll(/[^a-z0-9.-]/g, '_')}.${surface}.json`;
    await expect(`${JSON.stringify(body, null, 1)}\n`).toMatchFileSnapshot(join(import.meta.dirname, 'golden', name));
  });
});

/** Bytes of a first request for a model with this window, in a project with long instructions and many skills. */
async function bytesIn(windowTokens: number): Promise<{ bytes: number; body: string }> {
  repo.write({ 'AGENTS.md': 'Keep to the style around you.\n'.repeat(3_000) });
  for (let at = 0; at < 40; at += 1) {
    const text = `---\nname: skill-${at}\ndescription: ${'what it is for '.repeat(10)}\n---\ntext\n`;
    repo.write({ [`.agents/skills/skill-${at}/SKILL.md`]: text });
  }
  const config = await loadConfig({
    env: { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'test' },
    cwd: repo.path,
    overrides: [
      ...['model="llama3"', 'sandbox_mode="read-only"', `model_context_window=${windowTokens}`],
      `projects={${JSON.stringify(repo.path)}={trust_level="trusted"}}`,
    ],
    flags: {},
    systemDir: home.path,
  });
  const { body } = await describeFirstRequest({ config, prompt: 'Mend it.', version: '0.0.0', canAsk: false });
  return { bytes: Buffer.byteLength(body), body };
}

describe('a project with long instructions and many skills', () => {
  test.each([4_096, 8_192, 16_384, 32_768])(
    'leaves a window of %i tokens room to work in, and says what was cut',
    async (windowTokens) => {
      const { bytes, body } = await bytesIn(windowTokens);
      expect(bytes / 4).toBeLessThan(windowTokens * 0.75);
      expect(body).toMatch(/\[AGENTS\.md: \d+ of 90000 bytes shown; read the file for the rest\]/);
      expect(body).toMatch(/… and \d+ more/);
    },
  );

  test('has the whole budget in a large window', async () => {
    expect((await bytesIn(200_000)).body).toContain('[AGENTS.md: 32768 of 90000 bytes shown;');
  });
});
