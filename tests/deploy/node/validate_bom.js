// Validates a bill of materials by the schema that CycloneDX's own library brings: node validate_bom.js NODE_MODULES FILE
'use strict';
const fs = require('fs');
const {createRequire} = require('module');
const [modules, file] = process.argv.slice(2);
const {Spec, Validation} = createRequire(modules + '/')('@cyclonedx/cyclonedx-library');

new Validation.JsonStrictValidator(Spec.Version.v1dot5).validate(fs.readFileSync(file, 'utf8')).then(
    (wrong) => {
        console.log(wrong === null ? 'valid' : JSON.stringify(wrong, null, 1));
        process.exitCode = wrong === null ? 0 : 1;
    },
    (error) => {
        console.error(String(error));
        process.exitCode = 2;
    });
