// Prints the JSON of Terraform files, parsed by HashiCorp's own parser; a file with an error in its syntax ends it.
const fs = require('fs');
const { parse } = require('@cdktf/hcl2json');

(async () => {
  const result = {};
  for (const file of process.argv.slice(2)) result[file] = await parse(file, fs.readFileSync(file, 'utf8'));
  console.log(JSON.stringify(result));
})().catch((problem) => {
  console.error(String(problem));
  process.exit(1);
});
