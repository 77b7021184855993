/** Languages that are highlighted, by their file in highlight.js, with the other names and file endings that they go by. */
const LANGUAGES: Readonly<Record<string, string>> = {
  bash: 'sh shell zsh console shell-session bashrc',
  c: 'h',
  clojure: 'clj edn',
  cmake: '',
  cpp: 'c++ cc cxx hpp hh hxx',
  csharp: 'cs c#',
  css: '',
  dart: '',
  diff: 'patch',
  dockerfile: 'docker',
  elixir: 'ex exs',
  erlang: 'erl',
  fsharp: 'fs f#',
  go: 'golang',
  gradle: '',
  graphql: 'gql',
  groovy: '',
  haskell: 'hs',
  ini: 'toml cfg conf',
  java: '',
  javascript: 'js jsx mjs cjs',
  json: 'jsonc json5 jsonl',
  julia: 'jl',
  kotlin: 'kt kts',
  latex: 'tex',
  less: '',
  lua: '',
  makefile: 'make mk',
  markdown: 'md mdx',
  matlab: '',
  nginx: '',
  nix: '',
  objectivec: 'objc m mm',
  ocaml: 'ml mli',
  perl: 'pl pm',
  php: '',
  powershell: 'ps1 psm1 pwsh',
  properties: '',
  protobuf: 'proto',
  python: 'py pyi py3',
  r: '',
  ruby: 'rb gemspec rake',
  rust: 'rs',
  scala: 'sbt',
  scss: 'sass',
  sql: '',
  swift: '',
  typescript: 'ts tsx mts cts',
  verilog: 'v sv',
  vim: '',
  xml: 'html htm xhtml svg vue svelte plist',
  yaml: 'yml',
};

const FILES = new Map(
  Object.entries(LANGUAGES).flatMap(([file, names]) =>
    [file, ...names.split(' ')].map((name) => [name, file] as const),
  ),
);

/** The file of a language in highlight.js; null: it isn't highlighted. */
export function languageFile(name: string): string | null {
  return name === '' ? null : (FILES.get(name.toLowerCase()) ?? null);
}

/** The language of a file, by its name. */
export function languageOfPath(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (/^(?:dockerfile|makefile)$/.test(name)) return name;
  return name === 'cmakelists.txt' ? 'cmake' : name.slice(name.lastIndexOf('.') + 1);
}
