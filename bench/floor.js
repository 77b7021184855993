// The floor: the least a Node program can do for the same work. It posts the conversation, reads the stream, runs the
// commands it is asked to, and posts again; no checks, no records, no sandbox, no options.
const { spawn } = process.getBuiltinModule('node:child_process');
const { readFileSync } = process.getBuiltinModule('node:fs');
const http = process.getBuiltinModule('node:http');

const base = new URL(`${process.env.OPENAI_BASE_URL}/responses`);
const agent = new http.Agent({ keepAlive: true });
const request = JSON.parse(readFileSync(process.env.BENCH_REQUEST, 'utf8'));
// A resumed thread is read whole before anything is sent.
if (process.env.BENCH_ROLLOUT) {
  const lines = readFileSync(process.env.BENCH_ROLLOUT, 'utf8').split('\n');
  for (const line of lines) {
    const { type, payload } = line ? JSON.parse(line) : {};
    if (type === 'response_item') request.input.push(payload);
  }
}

for (;;) {
  const items = await respond(JSON.stringify(request));
  request.input.push(...items);
  const calls = items.filter((item) => item.type === 'function_call');
  if (calls.length === 0) break;
  for (const call of calls) {
    const output = await run(JSON.parse(call.arguments).cmd);
    request.input.push({ type: 'function_call_output', call_id: call.call_id, output });
  }
}
agent.destroy();

function respond(body) {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
  return new Promise((resolve, reject) => {
    const post = http.request(base, { method: 'POST', agent, headers }, (response) => {
      const items = [];
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          if (!line.startsWith('data: ')) continue;
          const event = JSON.parse(line.slice(6));
          if (event.type === 'response.output_item.done') items.push(event.item);
        }
      });
      response.on('end', () => resolve(items));
      response.on('error', reject);
    });
    post.on('error', reject);
    post.end(body);
  });
}

function run(command) {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let bytes = 0;
    let tail = Buffer.alloc(0);
    const take = (chunk) => {
      bytes += chunk.length;
      tail = chunk.length > 5_000 ? chunk.subarray(-5_000) : Buffer.concat([tail, chunk]).subarray(-5_000);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', (code) =>
      resolve(JSON.stringify({ output: tail.toString(), metadata: { exit_code: code, bytes } })),
    );
  });
}
