'use strict';
require('../lib/fuzz/main.js').main(process.argv.slice(2));
