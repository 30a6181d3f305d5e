#!/usr/bin/env node
/** The command line, as npm links it. What it runs is compiled from cli/main.ts. */
require('../dist/cli/main.js')
