'use strict';
require('../lib/example/main.js').main(process.argv.slice(2));
