'use strict';
require('../lib/simulate/main.js').main(process.argv.slice(2));
