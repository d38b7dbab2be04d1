// Asks through OpenAI's SDK: `node openai.mjs URL KEY QUESTION FOLLOWING` prints what the responses, plain and
// streamed, and a chat say, as JSON. The packages are in the folder NODE_MODULES, if that is set.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const folder = process.env.NODE_MODULES;
const require = createRequire(folder ? join(folder, 'x.js') : import.meta.url);
const { OpenAI } = require('openai');

const [url, apiKey, question, following] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, timeout: 15_000 });

const plain = await client.responses.create({ model: 'shop', input: question });
const next = await client.responses.create({ model: 'shop', input: following, previous_response_id: plain.id });
const events = [];
let streamed = '';
for await (const event of await client.responses.create({ model: 'shop', input: question, stream: true })) {
  events.push(event.type);
  if (event.type === 'response.output_text.delta') streamed += event.delta;
}
const final = await client.responses.stream({ model: 'shop', input: question }).finalResponse();
const chat = await client.chat.completions.create({ model: 'shop', messages: [{ role: 'user', content: question }] });
console.log(JSON.stringify({
  plain: plain.output_text,
  next: next.output_text,
  streamed,
  events,
  final: final.output_text,
  chat: chat.choices[0].message.content,
}));
