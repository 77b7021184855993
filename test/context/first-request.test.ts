import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { environmentContext, renderInstructions } from '../../src/context/index.ts';
import { modelInfo, type ToolSet } from '../../src/models/catalogue/index.ts';
import { toolName } from '../../src/models/prompt/index.ts';
import { builtinTools, offeredTools, specsFor } from '../../src/tools/index.ts';
import { clientOf, promptOf, providerAt, userMessage } from '../models/support.ts';
import { execFacts, MODELS, startFacts, temporaryDirectory } from './support.ts';

const PROMPT = 'Mend the failing test in src/duration.js and run the tests';

/** The whole first request of `keel exec` as in the fixture of the budget, with the longer rules of a run without a sandbox. */
function firstRequest(slug: string, toolSet: ToolSet | null = null): { body: string; tools: string[]; text: string } {
  const model = modelInfo(slug);
  const offered = offeredTools(model, toolSet);
  const tools = specsFor(builtinTools(), offered, { model, offersEscalation: true, offersKeepRunning: false });
  const instructions = renderInstructions({ model, tools: offered });
  const input = [
    environmentContext({ ...execFacts, sandboxEnforced: false }, startFacts),
    userMessage(PROMPT.slice(0, 57)),
  ];
  const prompt = promptOf({ instructions, input, tools, parallelToolCalls: model.supportsParallelToolCalls });
  const { body } = clientOf(providerAt('http://127.0.0.1:1/v1'), { model }).describe(prompt);
  return { body, tools: tools.map(toolName), text: instructions };
}

describe('the first request', () => {
  it.each<[string, ToolSet | null, number]>([
    ['o3', 'session', 8_192],
    ['gpt-5', 'session', 8_192],
    ['claude-opus', 'session', 8_192],
    ['gpt-oss-120b', 'shell', 8_192],
    ['qwen3-coder', 'lean', 8_192],
    ['gpt-5-codex', null, 6_144],
    ['gpt-5', 'reader', 10_240],
  ])('P1, must-hold 1: of %s with the set %s is at most %i bytes', (slug, set, bar) => {
    expect(Buffer.byteLength(firstRequest(slug, set).body)).toBeLessThanOrEqual(bar);
  });

  it.each(MODELS)('must-hold 6: for %s offers one runner, and every tool it names', (slug) => {
    const { tools, text } = firstRequest(slug);
    const runners = tools.filter((name) => ['exec_command', 'shell', 'shell_command'].includes(name));
    expect(runners).toHaveLength(1);
    const named = [...text.matchAll(/`([a-z]+_[a-z]+|shell)`/g)].map((match) => match[1] ?? '');
    const parameters = ['timeout_ms'];
    expect(named.filter((name) => !tools.includes(name) && !parameters.includes(name))).toEqual([]);
  });

  it.each(MODELS)('P17, must-hold 25: for %s names apply_patch only where it is offered', (slug) => {
    const { body, tools } = firstRequest(slug);
    expect(body.includes('apply_patch')).toBe(tools.includes('apply_patch'));
  });

  it.each(MODELS)('P5: for %s names no parameter that the runner does not have', (slug) => {
    const model = modelInfo(slug);
    const specs = JSON.stringify(
      specsFor(builtinTools(), offeredTools(model, null), { model, offersEscalation: true, offersKeepRunning: false }),
    );
    const { text } = firstRequest(slug);
    for (const name of ['timeout_ms', 'workdir', 'yield_time_ms']) {
      if (text.includes(`\`${name}\``)) expect(specs).toContain(`"${name}":`);
    }
  });

  it.each(MODELS)("must-hold 4: for %s, where nobody answers, says once that approval can't be had", (slug) => {
    const { body } = firstRequest(slug);
    expect(body.match(/Approval can't be had/g)).toHaveLength(1);
    expect(body).not.toContain('asks the user');
  });
});

describe('P3, must-hold 2: instructions and tools', () => {
  /** Both, for every model, as another process renders them. */
  function renderedUnder(env: Readonly<Record<string, string>>): string {
    const face = (floor: string) => JSON.stringify(new URL(`../../src/${floor}/index.ts`, import.meta.url).href);
    const script = `
      import { renderInstructions } from ${face('context')};
      import { modelInfo } from ${face('models/catalogue')};
      import { builtinTools, offeredTools, specsFor } from ${face('tools')};
      for (const slug of ${JSON.stringify(MODELS)}) {
        const model = modelInfo(slug);
        const tools = offeredTools(model, null);
        const specs = specsFor(builtinTools(), tools, { model, offersEscalation: true, offersKeepRunning: false });
        console.log(JSON.stringify([renderInstructions({ model, tools }), specs]));
      }`;
    const words = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
    return execFileSync(process.execPath, words, { cwd: temporaryDirectory(), env, encoding: 'utf8' });
  }

  it('are the same bytes for another user, place, zone and locale', () => {
    const here = renderedUnder({ HOME: '/home/ada', USER: 'ada', TZ: 'UTC', LANG: 'C', KEEL_HOME: '/a' });
    const there = renderedUnder({
      HOME: '/root',
      USER: 'bob',
      TZ: 'Asia/Tokyo',
      LANG: 'tr_TR.UTF-8',
      SHELL: '/bin/zsh',
    });
    expect(here.split('\n')).toHaveLength(MODELS.length + 1);
    expect(there).toBe(here);
  });
});
