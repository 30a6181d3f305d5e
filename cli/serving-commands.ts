/** The commands that run until they are told to end: `serve` and `worker`. */
import { type Command, Option } from 'commander'
import { parseDuration, parseMemoryLimit, parseNumber, parsePort, parseSeconds, parseThreads } from './arguments'
import { quantizations } from './choices'
import { executorOption, providerOption } from './executor-options'

/** Adds the commands to the program. */
export function addServingCommands(program: Command): void {
  program
    .command('serve')
    .description('serve the studio (a web page for drawing) and an HTTP API with a job queue')
    .option(
      '--model <model...>',
      'models to serve: folders or repositories, each with an optional name, e.g. apples=./my-model (default: the bundled model)',
    )
    .option('--port <number>', 'port to bind; 0 lets the system choose (default: 7860)', parsePort)
    .option('--host <address>', 'address to bind (default: 127.0.0.1, which other machines cannot reach)')
    .option('--api-key-file <file>', 'file with the API keys of clients, one per line (default: no keys)')
    .option('--allow-anonymous', 'allow requests without an API key on an address that other machines can reach')
    .option(
      '--allowed-host <names...>',
      'host names that clients may use for this server, besides localhost and IP addresses (default: none)',
    )
    .option(
      '--allowed-origin <origins...>',
      'origins of web pages that may use the server, e.g. https://app.example (default: the server itself)',
    )
    .option('--trust-proxy', 'trust the X-Forwarded-For header of a proxy')
    .option('--workers <number>', 'number of processes that run jobs (default: 1, or 0 with --redis)', parseNumber)
    .option(
      '--memory-limit <size>',
      'memory limit for the model weights of each worker, e.g. 6GB (default: no limit)',
      parseMemoryLimit,
    )
    .addOption(quantizationOption())
    .addOption(batchOption())
    .addOption(loraDirOption())
    .option('--offline', 'load repositories from the cache, without network requests')
    .option('--queue-file <file>', 'SQLite file that keeps the jobs across restarts (default: in memory)')
    .option(
      '--redis <url>',
      'Redis or Valkey server for the jobs, which "tesserae worker" runs, e.g. redis://localhost:6379',
    )
    .option('--prefix <text>', 'prefix of all keys in Redis (default: tesserae)')
    .option(
      '--results <place>',
      'place for pictures: a folder, or s3://bucket/prefix (default: a temporary folder, removed at the end)',
    )
    .option('--keep <time>', 'time to keep ended jobs and their pictures, e.g. 12h or 7d (default: 1d)', parseDuration)
    .option('--max-pixels <number>', 'maximum number of pixels in a picture (default: 4194304)', parseNumber)
    .option('--max-steps <number>', 'maximum number of denoising steps in a job (default: 250)', parseNumber)
    .option('--max-queued <number>', 'maximum number of waiting jobs (default: 1000)', parseNumber)
    .option(
      '--max-jobs-per-client <number>',
      'maximum number of waiting and running jobs per client (default: 100)',
      parseNumber,
    )
    .option('--no-studio', 'do not serve the studio at /')
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
    .description('run jobs from a queue on Redis or Valkey; any number of workers can share the queue')
    .requiredOption('--redis <url>', 'address of the server, e.g. redis://localhost:6379')
    .requiredOption('--results <place>', 'place for pictures: a folder that the server can read, or s3://bucket/prefix')
    .option(
      '--model <model...>',
      'models to load: folders or repositories, with the same names as on the server, e.g. apples=./my-model (default: the bundled model)',
    )
    .option('--offline', 'load repositories from the cache, without network requests')
    .option('--prefix <text>', 'prefix of all keys in Redis (default: tesserae)')
    .option(
      '--keep <time>',
      'time to keep ended jobs; pass the same value as for the server (default: 1d)',
      parseDuration,
    )
    .option('--name <name>', 'name of the worker (default: host name, process id and a random suffix)')
    .option(
      '--memory-limit <size>',
      'memory limit for the weights of all models together, e.g. 6GB (default: no limit)',
      parseMemoryLimit,
    )
    .option(
      '--max-jobs <number>',
      'number of jobs after which the process that runs them is replaced (default: no limit)',
      parseNumber,
    )
    .option(
      '--max-memory <size>',
      'memory use above which that process is replaced, between two jobs, on Linux (default: no limit)',
      parseMemoryLimit,
    )
    .option('--save-every <seconds>', 'minimum time between two saves of a run, in seconds (default: 5)', parseSeconds)
    .option(
      '--finish',
      'on SIGINT or SIGTERM, finish the running job instead of returning it to the queue with its state',
    )
    .addOption(executorOption())
    .addOption(providerOption())
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
    "quantize the denoisers on the CPU: int8 is faster and smaller, int8wo and int4 are smaller, auto picks what is faster or fits in memory (default: the models' own precision)"
  return new Option('--quantization <name>', text).choices(quantizations)
}

function batchOption(): Option {
  const text = 'number of waiting jobs to run in one call if they differ only in prompts and seeds (default: 1)'
  return new Option('--batch <number>', text).argParser(parseNumber)
}

function loraDirOption(): Option {
  const text = 'folder with the LoRAs for <lora:name:0.8> in prompts of AUTOMATIC1111 clients (default: none)'
  return new Option('--lora-dir <folder>', text)
}
