// Holds Kubernetes objects against two descriptions of the API: JSON schemas see wrong types and missing fields, the types see
// fields that do not exist. Standard input: JSON, a list of {place, object}; output: a list of {place, problem}, empty if all is well.
// Argument: the folder node_modules.
const { createRequire } = require('module');
const load = createRequire(`${process.argv[2]}/`);
const ts = load('typescript');

const CUSTOM = { 'monitoring.coreos.com': '@kubernetes-models/prometheus-operator' };
const problems = [];
const tell = (place, problem) => problems.push({ place, problem });

function bySchema({ place, object }) {
  const group = object.apiVersion.split('/')[0];
  let Model;
  try {
    Model = load(`${CUSTOM[group] || 'kubernetes-models'}/${object.apiVersion}/${object.kind}`)[object.kind];
  } catch {
    return tell(place, `${object.apiVersion} has no ${object.kind}`);
  }
  try {
    new Model(object).validate();
  } catch (error) {
    tell(place, error.message);
  }
}

function byTypes(list) {
  const known = list.filter(({ object }) => !CUSTOM[object.apiVersion.split('/')[0]]);
  const module = (version) => (version === 'v1' ? 'core/v1' : version.replace('.k8s.io', '').replace('rbac.authorization', 'rbac'));
  const statements = known.map(({ object }, i) =>
    `import { ${object.kind} as K${i} } from 'kubernetes-types/${module(object.apiVersion)}';\nexport const o${i}: K${i} = ${JSON.stringify(object, null, 1)};\n`);
  const file = `${process.argv[2]}/objects.ts`;  // exists in memory only; there, imports are found
  const options = { noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2020, moduleResolution: ts.ModuleResolutionKind.Node10 };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) => (name === file ? ts.createSourceFile(name, statements.join(''), ts.ScriptTarget.ES2020) : getSourceFile(name, ...rest));
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? statements.join('') : readFile(name));
  const starts = [];
  statements.reduce((at, text) => (starts.push(at), at + text.length), 0);
  for (const found of ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))) {
    const at = starts.findLastIndex((start) => start <= (found.start || 0));
    tell(known[at] ? known[at].place : '', ts.flattenDiagnosticMessageText(found.messageText, ' '));
  }
}

const list = JSON.parse(require('fs').readFileSync(0, 'utf8'));
list.forEach(bySchema);
byTypes(list);
console.log(JSON.stringify(problems));
