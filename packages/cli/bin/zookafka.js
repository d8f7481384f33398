#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const built = join(__dirname, '..', 'lib', 'main.js');
if (!existsSync(built)) {
  process.stderr.write('zookafka: not built yet: run "npm install" or "npm run build" first\n');
  process.exit(2);
}
require(built).main(process.argv.slice(2));
