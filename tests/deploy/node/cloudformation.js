// Looks at CloudFormation templates with AWS's own tools, offline: the validator with the schemas of all resources, and (for
// those after --nag) CDK's CfnInclude, synthesis and cdk-nag's rules. Prints one JSON object, by `schema FILE` and `nag FILE`.
const path = require('path');
const fs = require('fs');
const os = require('os');
const cdk = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const { AwsSolutionsChecks } = require('cdk-nag');
// The CDK brings the validator with it, as a module of its own that it does not export.
const bundled = path.join(path.dirname(require.resolve('aws-cdk-lib')), 'node_modules/@aws/cloudformation-validate');
const { CompositeEngine, TemplateFile } = require(bundled);

const engine = new CompositeEngine();

function validated(file) {
  const report = engine.validateTemplate(new TemplateFile(file), { detailLevel: 'STANDARD' });
  const said = report.diagnostics.filter((d) => !['INFO', 'DEBUG'].includes(d.severity));
  return {
    status: report.status,
    findings: said.map((d) => `${d.severity} ${d.ruleId} ${d.entity ? d.entity.logicalId : ''} ${d.propertyPath || ''}: ${d.message}`),
  };
}

// What a resource's own metadata says is as it is on purpose is acknowledged, and nothing else.
function nagged(file) {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'adit-cdk-'));
  try {
    const app = new cdk.App({ outdir: out, analyticsReporting: false });
    const stack = new cdk.Stack(app, 'Stack');
    const template = JSON.parse(fs.readFileSync(file));
    const included = new CfnInclude(stack, 'Template', { templateFile: file });
    for (const [name, resource] of Object.entries(template.Resources)) {
      const told = ((resource.Metadata || {}).cdk_nag || {}).rules_to_suppress || [];
      for (const { id, reason } of told) cdk.Validations.of(included.getResource(name)).acknowledge({ id, reason });
    }
    cdk.Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    let failed = '';
    const error = console.error;
    console.error = () => {};  // the report is read below
    try {
      app.synth();
    } catch (problem) {
      failed = String(problem.message);
    } finally {
      console.error = error;
    }
    const report = path.join(out, 'validation-report.json');
    const plugins = fs.existsSync(report) ? JSON.parse(fs.readFileSync(report)).pluginReports : [];
    const findings = plugins.flatMap(({ violations }) => violations.flatMap((v) =>
      v.violatingConstructs.map((c) => `${v.ruleName} ${c.constructPath}: ${v.description}`)));
    const synthesized = path.join(out, 'Stack.template.json');
    const resources = fs.existsSync(synthesized) ? Object.keys(JSON.parse(fs.readFileSync(synthesized)).Resources) : [];
    return { failed, findings, plugins: plugins.map((plugin) => plugin.pluginName), resources };
  } finally {
    fs.rmSync(out, { recursive: true, force: true });
  }
}

const result = {};
let nag = false;
for (const argument of process.argv.slice(2)) {
  if (argument === '--nag') {
    nag = true;
  } else {
    result[`${nag ? 'nag' : 'schema'} ${argument}`] = nag ? nagged(argument) : validated(argument);
  }
}
engine.free();
console.log(JSON.stringify(result));
