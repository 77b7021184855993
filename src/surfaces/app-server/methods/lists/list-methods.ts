import { resolve } from 'node:path';
import * as z from 'zod';
import { version } from '../../../../foundation/util/index.ts';
import type { Config } from '../../../../storage/config/index.ts';
import { ErrorCode, MethodError, type Methods, method } from '../method.ts';
import { pageOf, pageParams } from '../page.ts';
import type { ServerSettings } from '../server-settings.ts';

const Page = z.object(pageParams);
const ServersParams = Page.extend({ serverName: z.string().nullish() });
const SkillsParams = z.object({ cwds: z.array(z.string()).nullish(), forceReload: z.boolean().nullish() });

/** What there is to choose from. What finds it is loaded when it is first asked for. */
export function listMethods(settings: ServerSettings): Methods {
  return {
    'model/list': method(Page, async (page) => {
      const { wireModels } = await import('./model-list.ts');
      return pageOf(wireModels(await settings.config()), page);
    }),
    'mcpServerStatus/list': method(ServersParams, async ({ serverName = null, ...page }) => {
      const { wireServers } = await import('./server-list.ts');
      const config = await settings.config();
      const mcpServers = config.mcpServers.filter(({ name }) => serverName === null || name === serverName);
      return pageOf(wireServers({ ...config, mcpServers }, version), page);
    }),
    'skills/list': method(SkillsParams, async ({ cwds }, { closed }) => {
      const { cwd } = settings.context;
      const places = cwds == null || cwds.length === 0 ? [cwd] : cwds.map((place) => resolve(cwd, place));
      return { data: await Promise.all(places.map((place) => skillsIn(place, settings, closed))) };
    }),
    'experimentalFeature/list': method(Page, async (page) => pageOf(featuresOf(await settings.config()), page)),
    'feedback/upload': method(z.object({}), async () => {
      throw new MethodError(ErrorCode.invalidRequest, 'keel sends no feedback to anybody: nothing was sent');
    }),
  };
}

async function skillsIn(cwd: string, settings: ServerSettings, signal: AbortSignal): Promise<object> {
  const { discoverSkills, inOrder } = await import('../../../../context/index.ts');
  const { skills, faults } = await discoverSkills(await settings.config(cwd), signal);
  return {
    cwd,
    skills: inOrder(skills).map(({ name, description, shortDescription, path, scope, enabled }) => ({
      ...{ name, description, shortDescription, path, scope, enabled },
    })),
    errors: faults.map(({ path, reason }) => ({ path, message: reason })),
  };
}

function featuresOf({ undo, agents }: Config): object[] {
  const feature = (name: string, displayName: string, enabled: boolean, defaultEnabled: boolean) => ({
    ...{ name, displayName, enabled, defaultEnabled, stage: 'stable', announcement: null },
  });
  return [
    feature('ghost_commit', 'Snapshots of files before a turn, to undo it', undo, true),
    feature('multi_agent', 'Subagents', agents.enabled, false),
  ];
}
