// Asks through botbuilder-ai: `node botbuilder.mjs URL KEY QUESTION...` prints what its two classes
// say to each question, as JSON. The packages are in the folder NODE_MODULES, if that is set.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const folder = process.env.NODE_MODULES;
const require = createRequire(folder ? join(folder, 'x.js') : import.meta.url);
const { CustomQuestionAnswering, QnAMaker } = require('botbuilder-ai');

const [url, key, ...questions] = process.argv.slice(2);
const turn = (text) => ({
  activity: { type: 'message', text, from: { id: 'someone', name: 'Someone' } },
  sendActivity: async () => ({ id: '1' }),
});
const endpoint = { knowledgeBaseId: 'shop', endpointKey: key };
const clients = {
  custom: (options) => new CustomQuestionAnswering({ ...endpoint, host: url }, options),
  maker: (options) => new QnAMaker({ ...endpoint, host: `${url}/qnamaker` }, options),
};
const said = {};
for (const [name, client] of Object.entries(clients)) {
  said[name] = {};
  for (const question of questions) {
    try {
      said[name][question] = await client({ top: 3 }).getAnswersRaw(turn(question));
    } catch (error) {
      said[name][question] = { error: String(error) };
    }
  }
  const filters = {
    metadataFilter: { metadata: [{ key: 'kind', value: 'device' }], logicalOperation: 'AND' },
    sourceFilter: [],
    logicalOperation: 'AND',
  };
  const options = { top: 3, strictFilters: [{ name: 'kind', value: 'device' }], filters };
  try {
    said[name].filtered = await client(options).getAnswersRaw(turn('How do I reset my device?'));
    const answer = said[name].filtered.answers[0];
    await client().callTrain({
      feedbackRecords: [{ userId: 'someone', userQuestion: 'reset it', qnaId: String(answer.id) }],
    });
    said[name].trained = true;
  } catch (error) {
    said[name].trained = String(error);
  }
}
console.log(JSON.stringify(said));
