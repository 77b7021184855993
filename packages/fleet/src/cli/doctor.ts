import { EngineAdmin } from '../client/admin.ts';
import { restateBinary } from '../up/restate-binary.ts';
import { isAlive, type Running } from './fleet-folder.ts';
import { NO_BINARY } from './up.ts';

interface Check {
  readonly name: string;
  readonly fault: string | null;
}

/** Looks at each part of a fleet. @returns the lines, and whether all is well */
export async function doctor(running: Running | null, env: Readonly<Record<string, string | undefined>>) {
  const checks: Check[] = [
    { name: 'the engine’s server is installed', fault: restateBinary(env) === null ? NO_BINARY : null },
  ];
  if (running === null) checks.push({ name: 'a fleet runs', fault: 'start one with `keel-fleet up`' });
  else {
    checks.push(await reached('the engine’s ingress answers', `${running.ingress}/restate/health`));
    checks.push(await reached('the engine’s admin door answers', `${running.admin}/health`));
    checks.push(await reached('the front answers', `${running.front}/health`));
    for (const [name, pid] of Object.entries(running.workers)) {
      checks.push({ name: `${name} runs (pid ${pid})`, fault: isAlive(pid) ? null : 'it has ended' });
    }
    checks.push(await deployments(running.admin));
  }
  const lines = checks.map(({ name, fault }) => (fault === null ? `ok    ${name}` : `FAIL  ${name}: ${fault}`));
  return { lines, isWell: checks.every(({ fault }) => fault === null) };
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
