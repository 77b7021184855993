import type { ExecPlan, Mount } from './exec-plan.ts';

const HEADINGS: readonly (readonly [Mount['type'], string])[] = [
  ['writable', 'May be written'],
  ['pinned', "May be written, can't be moved"],
  ['readOnly', 'Stays as it is'],
  ['hidden', "Can't be read"],
];

const NETWORKS: Readonly<Record<ExecPlan['network'], string>> = {
  full: 'open',
  none: 'none, and no sockets of any kind',
  loopback: "none but a loopback of the session's own",
  proxy: "only keel's proxy, which lets through what sandbox.network allows, and a loopback of the session's own",
};

/** A plan for a person: what the command may do, and how it is started. */
export function describePlan(plan: ExecPlan): string {
  if (plan.backend === 'none')
    return `Runs without a sandbox, with your own rights.\n\nStarted as\n  ${plan.spawn.argv.map(oneLine).join(' ')}\n`;
  const lists = HEADINGS.flatMap(([type, heading]) => {
    const paths = plan.mounts.filter((mount) => mount.type === type).map(({ path }) => `  ${oneLine(path)}`);
    return paths.length === 0 ? [] : [`${heading}\n${paths.join('\n')}`];
  });
  const network = `Network: ${NETWORKS[plan.network]}`;
  const notes = plan.notes.map((note) => `Note: ${note}`);
  const parts = [
    `Confined by ${plan.backend}: ${plan.enforced.processes ? 'own processes, ' : ''}no capabilities, everything else is read-only.`,
    ...lists,
    network,
    ...notes,
    `Started as\n  ${plan.spawn.argv.map(oneLine).join(' ')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** A name may have line ends in it, which would look like further lines of the plan. */
function oneLine(text: string): string {
  return text.replaceAll('\n', '\\n');
}
