'use strict';
require('../lib/torture/main.js').main(process.argv.slice(2));
