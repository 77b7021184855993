import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod/mini';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'deploy', 'kubernetes');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const Env = z.looseObject({ name: z.string(), value: z.optional(z.string()) });
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.optional(z.array(z.string())),
  ports: z.optional(z.array(z.object({ containerPort: z.number() }))),
  env: z.optional(z.array(Env)),
});
const PodSpec = z.looseObject({
  containers: z.array(Container),
  initContainers: z.optional(z.array(Container)),
  terminationGracePeriodSeconds: z.optional(z.number()),
});
const Labels = z.record(z.string(), z.string());
const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.optional(z.string()) }),
  spec: z.optional(
    z.looseObject({
      selector: z.optional(z.unknown()),
      serviceName: z.optional(z.string()),
      replicas: z.optional(z.number()),
      ports: z.optional(z.array(z.looseObject({ port: z.number(), targetPort: z.optional(z.number()) }))),
      template: z.optional(z.looseObject({ metadata: z.looseObject({ labels: Labels }), spec: PodSpec })),
    }),
  ),
});

const files = readdirSync(folder);
const manifests = new Map(
  files.map((file) => [
    file,
    parseAllDocuments(read(join('deploy/kubernetes', file)), { strict: true, uniqueKeys: true }).map((document) => {
      expect(document.errors).toEqual([]);
      return Manifest.parse(document.toJS());
    }),
  ]),
);
const all = [...manifests].flatMap(([file, documents]) => documents.map((manifest) => ({ file, manifest })));
const pods = all.flatMap(({ file, manifest }) =>
  manifest.spec?.template === undefined ? [] : [{ file, manifest, template: manifest.spec.template }],
);
const containers = pods.flatMap(({ file, template: { spec } }) =>
  spec.containers.map((container) => ({ file, container })),
);
const variableOf = (file: string, name: string) =>
  containers
    .filter((one) => one.file === file)
    .flatMap(({ container }) => container.env ?? [])
    .find((one) => one.name === name)?.value;

/** The programs' sources, which name the variables that they read. */
const programs = read('src/worker/program.ts') + read('src/front/program.ts');
const commands = read('src/cli/commands.ts');

describe('the manifests', () => {
  test('are in the fleet’s namespace, each of a kind and a name once in a set', () => {
    for (const { manifest } of all) {
      if (manifest.kind !== 'Namespace') expect(manifest.metadata.namespace).toBe('keel-fleet');
    }
    for (const engine of ['restate.yaml', 'restate-cluster.yaml']) {
      const other = engine === 'restate.yaml' ? 'restate-cluster.yaml' : 'restate.yaml';
      const names = all.flatMap(({ file, manifest: { kind, metadata } }) =>
        file === other ? [] : [`${kind}/${metadata.name}`],
      );
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test('start commands of keel-fleet that exist', () => {
    const started = containers.flatMap(({ container: { command = [] } }) =>
      command[0] === 'keel-fleet' ? [command.slice(1)] : [],
    );
    expect(started).toEqual([['front'], ['worker']]);
    for (const [name] of started) expect(commands).toMatch(new RegExp(`^  ${name}: \\{`, 'm'));
  });

  test('set variables that the programs read, and all that they need', () => {
    const set = (file: string) =>
      containers
        .filter((one) => one.file === file)
        .flatMap(({ container }) => container.env ?? [])
        .map(({ name }) => name)
        .filter((name) => name.startsWith('KEEL_FLEET_'));
    for (const name of [...set('workers.yaml'), ...set('front.yaml')]) expect(programs).toContain(`'${name}'`);
    const needed = [...read('src/front/program.ts').matchAll(/required\(env, '(\w+)'\)/g)].map(([, name]) => name);
    expect(set('front.yaml')).toEqual(expect.arrayContaining(needed));
    expect(set('workers.yaml')).toEqual(
      expect.arrayContaining(['KEEL_FLEET_SECRET', 'KEEL_FLEET_IDENTITY_KEYS', 'KEEL_FLEET_ADDRESS']),
    );
  });

  test('have no secret in them, and no worker that anybody may call', () => {
    for (const { container } of containers) {
      for (const { name, value } of container.env ?? []) {
        if (/SECRET|KEY|TOKEN$/.test(name) && !/_FILE$/.test(name)) expect(value, name).toBeUndefined();
      }
      expect(container.command ?? []).not.toContain('--dev');
    }
  });

  test('give a worker longer to end than it takes to be drained', () => {
    const drainMs = Number(variableOf('workers.yaml', 'KEEL_FLEET_DRAIN_MS'));
    const [worker] = pods.filter(({ file }) => file === 'workers.yaml');
    expect(worker?.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(drainMs / 1_000 + 30);
  });

  test('listen where the services and the probes look', () => {
    for (const { file, manifest } of all) {
      if (manifest.kind !== 'Service') continue;
      const open = containers
        .filter((one) => one.file === file)
        .flatMap(({ container }) => container.ports ?? [])
        .map(({ containerPort }) => containerPort);
      for (const { port, targetPort = port } of manifest.spec?.ports ?? []) expect(open).toContain(targetPort);
    }
    expect(variableOf('workers.yaml', 'KEEL_FLEET_PORT')).toBe('9080');
    expect(variableOf('workers.yaml', 'KEEL_FLEET_PEER_PORT')).toBe('9081');
    expect(variableOf('front.yaml', 'KEEL_FLEET_FRONT_PORT')).toBe('8700');
  });

  test('reach each other by names that exist', () => {
    const services = all.flatMap(({ manifest }) => (manifest.kind === 'Service' ? [manifest.metadata.name] : []));
    const address = variableOf('workers.yaml', 'KEEL_FLEET_ADDRESS') ?? '';
    const peers = /^http:\/\/\$\(POD_NAME\)\.([\w-]+):9081$/.exec(address)?.[1];
    expect(services).toContain(peers);
    expect(pods.find(({ file }) => file === 'workers.yaml')?.manifest.spec?.serviceName).toBe(peers);
    expect(variableOf('front.yaml', 'KEEL_FLEET_WORKERS')).toBe(`.${peers}`);
    const registered = /http:\/\/([\w-]+):9080/.exec(read('deploy/kubernetes/register.yaml'))?.[1];
    expect(services).toContain(registered);
    expect(services).toContain('restate');
  });

  test('let the engine, the workers and the front be reached by those who need it alone', () => {
    const policies = manifests.get('network.yaml') ?? [];
    const apps = pods.map(({ template }) => template.metadata.labels['app']);
    const text = JSON.stringify(policies);
    for (const app of ['restate', 'keel-worker', 'keel-front', 'keel-register']) {
      expect(apps).toContain(app);
      expect(text).toContain(`"app":"${app}"`);
    }
    const engine = JSON.stringify(policies.find(({ metadata }) => metadata.name === 'engine'));
    expect(engine).not.toContain('keel-worker');
  });

  test('set up both forms of the engine alike where workers are concerned', () => {
    const ofWorkers = (file: string) =>
      containers
        .filter((one) => one.file === file)
        .flatMap(({ container }) => container.env ?? [])
        .filter(({ name }) => /INVOKER|IDENTITY|TELEMETRY|WEB_UI/.test(name));
    expect(ofWorkers('restate-cluster.yaml')).toEqual(ofWorkers('restate.yaml'));
    expect(ofWorkers('restate.yaml').length).toBeGreaterThan(4);
  });

  test('have three nodes of the engine in the cluster, which know each other', () => {
    const [cluster] = pods.filter(({ file }) => file === 'restate-cluster.yaml');
    expect(cluster?.manifest.spec?.replicas).toBe(3);
    const addresses = z
      .array(z.string())
      .parse(JSON.parse(variableOf('restate-cluster.yaml', 'RESTATE_METADATA_CLIENT__ADDRESSES') ?? ''));
    expect(addresses).toEqual(
      [0, 1, 2].map((at) => `http://restate-${at}.${cluster?.manifest.spec?.serviceName}:5122`),
    );
  });
});

describe('the container files', () => {
  test.each(['worker', 'front'])('of the %s start it, without a shell and not as root', (name) => {
    const text = read(`deploy/${name}.Containerfile`);
    expect(text).toMatch(/^ENTRYPOINT \["keel-fleet"\]$/m);
    expect(text).toMatch(new RegExp(`^CMD \\["${name}"\\]$`, 'm'));
    expect(text).toMatch(/^USER 10001$/m);
    for (const [, variable] of text.matchAll(/\b(KEEL_FLEET_\w+)=/g)) expect(programs).toContain(`'${variable}'`);
  });

  test('install the versions that the packages have', () => {
    const version = z.object({ version: z.string() }).parse(JSON.parse(read('package.json'))).version;
    for (const name of ['worker', 'front']) {
      expect(read(`deploy/${name}.Containerfile`)).toContain(`keel-fleet-${version}.tgz`);
    }
    for (const { container } of containers) {
      if (container.image.startsWith('keel-fleet-')) expect(container.image).toMatch(new RegExp(`:${version}$`));
    }
  });

  test('run the engine’s version that the package is tested with', () => {
    const { devDependencies } = z
      .object({ devDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    const images = containers.flatMap(({ container: { image } }) => (image.startsWith('restatedev/') ? [image] : []));
    expect(new Set(images)).toEqual(new Set([`restatedev/restate:${devDependencies['@restatedev/restate-server']}`]));
  });
});

test('the page about fleets names every command, and none that does not exist', () => {
  const page = readFileSync(join(root, '../../docs/fleet.md'), 'utf8');
  const section = page.slice(page.indexOf('## Commands'), page.indexOf('## Questions'));
  const documented = [...section.matchAll(/`([a-z]+)(?: [^`]*)?`/g)].map(([, name]) => name);
  const known = [...commands.matchAll(/^ {2}([a-z]+): \{$/gm)].map(([, name]) => name);
  expect(known.length).toBeGreaterThan(10);
  for (const name of known) if (name !== 'demo') expect(documented, name).toContain(name);
  for (const name of documented) if (name !== 'keel') expect(known, name).toContain(name);
});
