/**
 * Forms by which a secret is recognised wherever it is, from the providers' own documents. A character before it that would make it
 * part of a path or a longer word is no start.
 */
const PREFIXED = [
  'sk-[A-Za-z0-9_-]{16,}', // OpenAI, Anthropic, OpenRouter, DeepSeek and others
  '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}', // Stripe
  'gh[opusr]_[A-Za-z0-9]{20,}', // GitHub
  'github_pat_[A-Za-z0-9_]{20,}',
  'gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_-]{16,}', // GitLab
  'xox[a-z]-[A-Za-z0-9-]{10,}', // Slack
  'xapp-[A-Za-z0-9-]{10,}',
  '(?:AKIA|ASIA)[A-Z0-9]{16}', // AWS
  'AIza[A-Za-z0-9_-]{30,}', // Google
  'ya29\\.[A-Za-z0-9_-]{20,}',
  'npm_[A-Za-z0-9]{30,}',
  'pypi-[A-Za-z0-9_-]{30,}',
  'hf_[A-Za-z0-9]{20,}', // Hugging Face
  'gsk_[A-Za-z0-9]{20,}', // Groq
  'xai-[A-Za-z0-9]{20,}',
  'pplx-[A-Za-z0-9]{20,}',
  'nvapi-[A-Za-z0-9_-]{20,}',
  'r8_[A-Za-z0-9]{20,}', // Replicate
  'dop_v1_[a-f0-9]{32,}', // DigitalOcean
  'dapi[a-f0-9]{32}', // Databricks
  'hv[sb]\\.[A-Za-z0-9_-]{20,}', // Vault
  'shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}', // Shopify
  'SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}', // SendGrid
  'AGE-SECRET-KEY-1[A-Z0-9]{20,}',
  'eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*', // JSON Web Token
];
const SHAPES: readonly RegExp[] = [
  new RegExp(`(?<![\\w./-])(?:${PREFIXED.join('|')})`, 'g'),
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?/g,
  /(?<=\bauthorization["']?\s*[:=]\s*["']?)(?:basic\s+[A-Za-z0-9+/=]{8,}|(?:[a-z]+\s+)?(?=\S*\d)[^\s"',;]{6,})/gi,
  /(?<=\bbearer\s+)(?=\S*\d)[A-Za-z0-9._~+/=-]{12,}/gi,
  // Whoever knows these addresses may use them.
  /(?<=https:\/\/hooks\.slack\.com\/)(?:services|workflows|triggers)\/\S+/g,
  /(?<=https:\/\/(?:\w+\.)?discord(?:app)?\.com\/api\/webhooks\/)\S+/g,
];
/** What is before the host of an address: `user:password@`, or a token alone. */
const USER_INFO = /(?<=\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@"'<>]+(?=@)/gi;
const HAS_PASSWORD = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/?#@:"'<>]*:[^\s/?#"'<>]+@/i;
/** Over HTTP a name alone is a token; `postgres://user@host` names only who asks. */
const HAS_HTTP_USER = /\bhttps?:\/\/[^\s/?#@"'<>]+@/i;
/** Connection strings and JSON: `…;Password=…`, `password=… host=…`, `"private_key": "…"`. */
const NAMED_WITHIN =
  /(?:^|[;&?\s])(?:password|pwd|passwd|secret|token|sig|account_?key|access_?key|shared_?access_?(?:key|signature)|api[_-]?key)\s*=\s*[^;&\s]+/i;
const NAMED_IN_JSON =
  /"(?:[a-z_]*password|[a-z_]*secret|[a-z_]*token|private_?key|api_?key|access_?key|auth)"\s*:\s*"[^"]+"/i;

/** Whether a value has the form of a secret, or holds one: a known kind of key, an address with a password in it. */
export function isSecretValue(value: string): boolean {
  const tests = [HAS_PASSWORD, HAS_HTTP_USER, NAMED_WITHIN, NAMED_IN_JSON];
  return tests.some((test) => test.test(value)) || SHAPES.some((shape) => value.search(shape) !== -1);
}

/** A text in which whatever has the form of a secret is replaced. */
export function withoutShapes(text: string, mask: string): string {
  return SHAPES.reduce((clean, shape) => clean.replaceAll(shape, mask), text).replaceAll(USER_INFO, mask);
}
