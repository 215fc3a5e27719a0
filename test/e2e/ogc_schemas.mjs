// Answers against the schemas of OGC API Features, where they and ajv are.
//   OGC_MODULES=…/node_modules node ogc_schemas.mjs DIR-OF-SCHEMAS NAME=FILE...      with ajv, ajv-formats and js-yaml beside it
import fs from 'fs';
import path from 'path';
import { createRequire } from 'module';

const require = createRequire(process.env.OGC_MODULES + '/../x.js');
const Ajv = require('ajv').default, formats = require('ajv-formats').default, yaml = require('js-yaml');

// "type: null" in YAML is the word, not nothing.
function mend(value) {
  if (!value || typeof value !== 'object') return;
  if (value.type === null) value.type = 'null';
  if (Array.isArray(value.type)) value.type = value.type.map(type => type === null ? 'null' : type);
  Object.values(value).forEach(mend);
}

const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);
const [dir, ...asked] = process.argv.slice(2);
for (const file of fs.readdirSync(dir)) {
  const schema = yaml.load(fs.readFileSync(path.join(dir, file), 'utf8'));
  mend(schema);
  ajv.addSchema({ ...schema, $id: 'http://schemas/' + file });
}
let wrong = 0;
for (const one of asked) {
  const [name, file] = one.split('=');
  const valid = ajv.getSchema(`http://schemas/${name}.yaml`);
  if (!valid(JSON.parse(fs.readFileSync(file, 'utf8')))) {
    console.error(`${file} is no ${name}: ${JSON.stringify(valid.errors.slice(0, 5))}`);
    wrong++;
  }
}
process.exit(wrong ? 1 : 0);
