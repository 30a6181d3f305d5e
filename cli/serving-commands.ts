/** The commands that run until they are told to end: `serve` and `worker`. */
import { type Command, Option } from 'commander'
import {
  parseCount,
  parseDuration,
  parseMemoryLimit,
  parseNumber,
  parsePort,
  parseSteps,
  parseThreads,
} from './arguments'
import { executors, providers, quantizations } from './choices'

/** Adds the commands to the program. */
export function addServingCommands(program: Command): void {
  program
    .command('serve')
    .description('answer requests for pictures over HTTP, as jobs')
    .option(
      '--model <model...>',
      'models to serve: folders or repositories, each with its name before it if it needs one, e.g. apples=./my-model (default: the bundled model)',
    )
    .option('--port <number>', 'port to bind; 0 lets the system choose (default: 7860)', parsePort)
    .option('--host <address>', 'address to bind (default: 127.0.0.1, which no other machine reaches)')
    .option('--api-key-file <file>', 'file with the keys of clients, one on each line (default: no keys are asked for)')
    .option('--allow-anonymous', 'bind an address that others reach without asking for keys')
    .option('--allowed-host <names...>', 'names of this server in addresses, beside localhost and numbers')
    .option(
      '--allowed-origin <origins...>',
      'pages that may use the server, e.g. https://app.example (default: its own)',
    )
    .option('--trust-proxy', 'believe a proxy in front who the clients are')
    .option('--workers <number>', 'processes that draw at the same time (default: 1, or 0 with --redis)', parseNumber)
    .option(
      '--memory-limit <size>',
      'weights that the models of a worker may have in memory, e.g. 6GB (default: no limit)',
      parseMemoryLimit,
    )
    .addOption(quantizationOption())
    .option('--offline', 'take repositories from the cache, and ask no server')
    .option('--queue-file <file>', 'SQLite file for the jobs, which then outlive a restart (default: memory)')
    .option('--redis <url>', 'Redis or Valkey for the jobs, which tesserae worker runs, e.g. redis://localhost:6379')
    .option('--prefix <text>', 'how the names of all keys in Redis begin (default: tesserae)')
    .option(
      '--results <place>',
      'where pictures are kept: a folder, or s3://bucket/prefix (default: a temporary folder, removed at the end)',
    )
    .option(
      '--keep <time>',
      'how long ended jobs and their pictures are kept, e.g. 12h or 7d (default: 1d)',
      parseDuration,
    )
    .option('--max-pixels <number>', 'pixels of a picture (default: 4194304)', parseNumber)
    .option('--max-steps <number>', 'denoising steps of a job (default: 250)', parseNumber)
    .option('--max-queued <number>', 'jobs that may wait (default: 1000)', parseNumber)
    .option('--max-jobs-per-client <number>', 'jobs of one client that may wait or run (default: 100)', parseNumber)
    .option('--no-studio', 'leave out the page to draw with, at /')
    .addOption(
      new Option('--log-level <level>', 'what is logged as JSON (default: error)').choices([
        'fatal',
        'error',
        'warn',
        'info',
        'debug',
      ]),
    )
    .action(async options => {
      const { serve } = await import('./serve.js')
      await serve(options)
    })

  program
    .command('worker')
    .description('run the jobs of a queue on Redis or Valkey, beside other workers')
    .requiredOption('--redis <url>', 'address of the server, e.g. redis://localhost:6379')
    .requiredOption(
      '--results <place>',
      'where pictures go: a folder that the server reads, too, or s3://bucket/prefix',
    )
    .option(
      '--model <model...>',
      'models to hold: folders or repositories, named as those of the server, e.g. apples=./my-model (default: the bundled model)',
    )
    .option('--offline', 'take repositories from the cache, and ask no server')
    .option('--prefix <text>', 'how the names of all keys in Redis begin (default: tesserae)')
    .option('--keep <time>', 'how long ended jobs are kept, as for the server (default: 1d)', parseDuration)
    .option('--name <name>', 'name of the worker (default: the machine, the process and a random text)')
    .option(
      '--memory-limit <size>',
      'weights that all models together may have in memory, e.g. 6GB (default: no limit)',
      parseMemoryLimit,
    )
    .option('--max-jobs <number>', 'jobs after which a new process begins (default: no limit)', parseCount)
    .option('--max-memory <size>', 'memory after which a new process begins, between two jobs', parseMemoryLimit)
    .option('--save-every <seconds>', 'how often the state of a run is saved at most (default: 5)', parseSteps)
    .option('--finish', 'let the running job end at a signal, instead of giving it back with its state')
    .addOption(new Option('--executor <name>', 'how the models are computed (default: auto)').choices(executors))
    .addOption(
      new Option('--provider <name>', 'what ONNX Runtime computes on, with --executor graph').choices(providers),
    )
    .addOption(quantizationOption())
    .option('--threads <number>', 'threads to compute with (default: one for each processor)', parseThreads)
    .action(async options => {
      const { work } = await import('./worker.js')
      await work(options)
    })
}

function quantizationOption(): Option {
  const text =
    "int8 computes the denoisers in 8 bits on the CPU; auto does so where it is faster (default: the models' own precision)"
  return new Option('--quantization <name>', text).choices(quantizations)
}
