#!/usr/bin/env node
import { main } from '../dist/main.js'

const argv = process.argv.slice(2)
process.exitCode = await main(argv)
// A shell waits for this one to end, and the look-up of a name cannot be called off.
if (argv[0] === '__complete') process.exit()
