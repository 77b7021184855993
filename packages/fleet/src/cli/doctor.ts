import { EngineAdmin } from '../client/admin.ts';
import { restateBinary } from '../up/restate-binary.ts';
import { isAlive, type Running } from './fleet-folder.ts';
import { clientOf, type Target } from './target.ts';
import { NO_BINARY } from './up.ts';

interface Check {
  readonly name: string;
  readonly fault: string | null;
}

/** Looks at each part of a fleet that can be seen from here. @returns the lines, and whether all is well */
export async function doctor(
  target: Target | null,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
) {
  const checks =
    target?.type === 'installed' ? await installed(target, signal) : await local(target?.running ?? null, env);
  const lines = checks.map(({ name, fault }) => (fault === null ? `ok    ${name}` : `FAIL  ${name}: ${fault}`));
  return { lines, isWell: checks.every(({ fault }) => fault === null) };
}

async function installed(
  target: Extract<Target, { type: 'installed' }>,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const front = await reached('the front answers', `${target.url}/health`);
  const token = {
    name: 'the front knows the token, and reaches the engine',
    fault: await faultOf(clientOf(target).threads(signal)),
  };
  if (target.admin === null) return [front, token];
  const admin = await reached('the engine’s admin port answers', `${target.admin}/health`);
  return [front, token, admin, await deployments(target.admin)];
}

async function local(
  running: Running | null,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  const binary = { name: 'the engine’s server is installed', fault: restateBinary(env) === null ? NO_BINARY : null };
  if (running === null) return [binary, { name: 'a fleet runs', fault: 'start one with `keel-fleet up`' }];
  return [
    binary,
    await reached('the engine’s ingress answers', `${running.ingress}/restate/health`),
    await reached('the engine’s admin port answers', `${running.admin}/health`),
    await reached('the front answers', `${running.front}/health`),
    ...Object.entries(running.workers).map(([name, pid]) => ({
      name: `${name} runs (pid ${pid})`,
      fault: isAlive(pid) ? null : 'it has ended',
    })),
    await deployments(running.admin),
  ];
}

async function faultOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function reached(name: string, url: string): Promise<Check> {
  try {
    const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    return { name, fault: ok ? null : `${url} answered ${status}` };
  } catch {
    return { name, fault: `${url} does not answer` };
  }
}

/** Workers that the engine has learned of but can't reach leave turns waiting. */
async function deployments(adminUrl: string): Promise<Check> {
  const name = 'no turn is stuck';
  try {
    const rows = await new EngineAdmin(adminUrl).query(
      "select count(1) as stuck from sys_invocation where status = 'paused'",
    );
    const stuck = Number(rows[0]?.['stuck'] ?? 0);
    return { name, fault: stuck === 0 ? null : `${stuck} are paused: \`keel-fleet ls --stuck\`` };
  } catch (error) {
    return { name, fault: error instanceof Error ? error.message : String(error) };
  }
}
