/** The commands that run until they are told to end: `serve` and `worker`. */
import { type Command, Option } from 'commander'
import { parseDuration, parseMemoryLimit, parseNumber, parsePort, parseSteps, parseThreads } from './arguments'
import { executors, providers, quantizations } from './choices'

/** Adds the commands to the program. */
export function addServingCommands(program: Command): void {
  program
    .command('serve')
    .description('serve the studio, a page to draw with, and an HTTP API with a queue of jobs')
    .option(
      '--model <model...>',
      'models to serve: folders or repositories, each with its name before it if it needs one, e.g. apples=./my-model (default: the bundled model)',
    )
    .option('--port <number>', 'port to bind; 0 lets the system choose (default: 7860)', parsePort)
    .option('--host <address>', 'address to bind (default: 127.0.0.1, which no other machine reaches)')
    .option('--api-key-file <file>', 'file with the keys of clients, one on each line (default: no keys)')
    .option('--allow-anonymous', 'bind an address that other machines reach, without keys')
    .option('--allowed-host <names...>', 'host names of this server, beside localhost and IP addresses (default: none)')
    .option(
      '--allowed-origin <origins...>',
      'origins of pages that may use the server, e.g. https://app.example (default: its own)',
    )
    .option('--trust-proxy', 'trust the X-Forwarded-For header of a proxy')
    .option('--workers <number>', 'number of drawing processes (default: 1, or 0 with --redis)', parseNumber)
    .option(
      '--memory-limit <size>',
      'weights that the models of a worker may have in memory, e.g. 6GB (default: no limit)',
      parseMemoryLimit,
    )
    .addOption(quantizationOption())
    .addOption(batchOption())
    .addOption(loraDirOption())
    .option('--offline', 'load repositories from the cache, without network requests')
    .option('--queue-file <file>', 'SQLite file for the jobs, which then outlive a restart (default: memory)')
    .option('--redis <url>', 'Redis or Valkey for the jobs, which tesserae worker runs, e.g. redis://localhost:6379')
    .option('--prefix <text>', 'prefix of all keys in Redis (default: tesserae)')
    .option(
      '--results <place>',
      'place for pictures: a folder, or s3://bucket/prefix (default: a temporary folder, removed at the end)',
    )
    .option(
      '--keep <time>',
      'time that ended jobs and their pictures are kept, e.g. 12h or 7d (default: 1d)',
      parseDuration,
    )
    .option('--max-pixels <number>', 'maximum of pixels in a picture (default: 4194304)', parseNumber)
    .option('--max-steps <number>', 'maximum of denoising steps in a job (default: 250)', parseNumber)
    .option('--max-queued <number>', 'maximum of waiting jobs (default: 1000)', parseNumber)
    .option(
      '--max-jobs-per-client <number>',
      'maximum of waiting and running jobs of one client (default: 100)',
      parseNumber,
    )
    .option('--no-studio', 'leave out the page to draw with, at /')
    .addOption(
      new Option('--log-level <level>', 'log level; logs are JSON (default: error)').choices([
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
      'place for pictures: a folder that the server reads, too, or s3://bucket/prefix',
    )
    .option(
      '--model <model...>',
      'models to load: folders or repositories, named as those of the server, e.g. apples=./my-model (default: the bundled model)',
    )
    .option('--offline', 'load repositories from the cache, without network requests')
    .option('--prefix <text>', 'prefix of all keys in Redis (default: tesserae)')
    .option('--keep <time>', 'time that ended jobs are kept, as for the server (default: 1d)', parseDuration)
    .option('--name <name>', 'name of the worker (default: the machine, the process and a random text)')
    .option(
      '--memory-limit <size>',
      'weights that all models together may have in memory, e.g. 6GB (default: no limit)',
      parseMemoryLimit,
    )
    .option('--max-jobs <number>', 'number of jobs after which a new process begins (default: no limit)', parseNumber)
    .option(
      '--max-memory <size>',
      'memory above which a new process begins, between two jobs (default: no limit)',
      parseMemoryLimit,
    )
    .option('--save-every <seconds>', 'least time between two saves of a run (default: 5)', parseSteps)
    .option('--finish', 'finish the running job at a signal, instead of returning it to the queue with its state')
    .addOption(new Option('--executor <name>', 'executor of the models (default: auto)').choices(executors))
    .addOption(
      new Option(
        '--provider <name>',
        'execution provider of ONNX Runtime (default: cpu with --executor graph, otherwise the best that works)',
      ).choices(providers),
    )
    .addOption(quantizationOption())
    .addOption(batchOption())
    .addOption(loraDirOption())
    .option('--threads <number>', 'number of threads (default: one for each processor)', parseThreads)
    .action(async options => {
      const { work } = await import('./worker.js')
      await work(options)
    })
}

function quantizationOption(): Option {
  const text =
    "smaller weights of the denoisers on the CPU: int8 is faster too, int8wo and int4 save memory. auto takes what is faster, or fits (default: the models' own precision)"
  return new Option('--quantization <name>', text).choices(quantizations)
}

function batchOption(): Option {
  const text = 'number of waiting jobs in one call, if they differ in texts and seeds alone (default: 1)'
  return new Option('--batch <number>', text).argParser(parseNumber)
}

function loraDirOption(): Option {
  const text = 'folder with the LoRAs for <lora:name:0.8> in prompts of AUTOMATIC1111 clients (default: none)'
  return new Option('--lora-dir <folder>', text)
}
