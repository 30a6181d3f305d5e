#!/usr/bin/env node
/** `tesserae`: the command line. Each command loads what it needs when it is called. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import {
  parseCount,
  parseGuidance,
  parseLora,
  parseMemoryLimit,
  parseNumber,
  parseRefinerStart,
  parseSeed,
  parseSize,
  parseSteps,
  parseStrength,
  parseThreads,
  parseTourStep,
} from './arguments'
import { type BlockName, parseBlockName } from './block-name'
import { promptSyntaxes, quantizations, storedQuantizations } from './choices'
import { contradictionIn, ignoredByListWords } from './contradictions'
import { parseControl, parseControlMode, parseT2IAdapter } from './control-arguments'
import { parseEmbedding } from './embedding-arguments'
import { executorOption, providerOption } from './executor-options'
import { collectFile, parseIpScale } from './ip-adapter-arguments'
import { watchOutput } from './output-errors'
import { packageFolder } from './package-folder'
import { reportFailure } from './report-failure'
import { addServingCommands } from './serving-commands'

const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }

const program = new Command('tesserae')
  .description('Modular diffusion pipelines: draw pictures, inspect and serve pipelines, write blocks.')
  .version(version)
  .showSuggestionAfterError()
  .showHelpAfterError('(add --help for the options)')
  .addHelpText(
    'after',
    `
Examples:
  tesserae generate "red apple"                       draw with the model in this package
  tesserae generate "a red apple" --model ./my-model  draw with your own checkpoint
  tesserae tour                                       learn from five small programs
  tesserae generate --help                            list all options of a command`,
  )

/** What `describe` and `graph` show. */
const SUBJECT =
  'folder, .safetensors or .gguf file of a model, repository such as org/name, or module whose default export is blocks (default: text to image)'
const backends = ['auto', 'node-gpu', 'node', 'webgpu', 'wasm', 'cpu']

program
  .command('generate')
  .description('draw a picture from a prompt, and write it as a PNG file')
  .argument('[prompt...]', 'description of the picture; - reads it from standard input')
  .option('--prompt-file <file>', 'file with the prompt; - is standard input')
  .option('--list-words', 'print the names that the model was trained on, and draw nothing')
  .addOption(
    new Option(
      '--model <model>',
      'folder in the diffusers layout, .safetensors or .gguf file, or repository such as org/name',
    ).default(join(packageFolder, 'models', 'emoji'), 'the model in this package'),
  )
  .option(
    '--config <model>',
    'folder or repository with the configs and tokenizers for a single-file model (default: those of its family)',
  )
  .addOption(
    new Option(
      '--prediction-type <name>',
      'prediction type of a single-file model (default: from the file, otherwise that of its family)',
    ).choices(['epsilon', 'v_prediction', 'sample']),
  )
  .option('--unet <file>', "UNet in one .safetensors or .gguf file, in place of the model's own")
  .option('--revision <name>', 'branch, tag or commit of the repository (default: main)')
  .option('--offline', 'load the repository from the cache, without network requests')
  .option(
    '--trust-remote-code',
    'run the custom block code of the model, at the commit or checksum in --revision (default: refuse it)',
  )
  .option('--negative <text>', 'negative prompt: what to leave out of the picture (default: none)')
  .option('--prompt2 <text>', 'prompt for the second text encoder, e.g. of Stable Diffusion XL (default: the prompt)')
  .option('--negative2 <text>', 'negative prompt for the second text encoder (default: the negative prompt)')
  .addOption(
    new Option(
      '--prompt-syntax <name>',
      "syntax of prompts: plain text, or AUTOMATIC1111's, with weights and of any length (default: plain)",
    ).choices(promptSyntaxes),
  )
  .option('--image <file>', 'picture to start from: a file, a URL (https://…), or - for standard input')
  .option('--mask <file>', 'mask of the part of --image to redraw: a picture of any size, white on black')
  .option(
    '--strength <number>',
    "strength of the change to --image, from 0 to 1 (default: the pipeline's own)",
    parseStrength,
  )
  .option(
    '--control <net:image:scale>',
    "ControlNet (folder, .safetensors file or repository), its picture, and its scale (default: the pipeline's own); repeatable",
    parseControl,
  )
  .option(
    '--control-mode <number>',
    'kind of the picture in --control, a number that union ControlNets need; repeatable',
    parseControlMode,
  )
  .option(
    '--t2i-adapter <adapter:image:scale>',
    'T2I-Adapter (folder or repository), its picture, and its scale (default: 1)',
    parseT2IAdapter,
  )
  .option(
    '--ip-adapter <file>',
    'IP-Adapter, a .safetensors file with its image encoder in the folder image_encoder beside it; repeatable',
    collectFile,
  )
  .option(
    '--ip-image <file>',
    'picture to use as a prompt: one for each --ip-adapter, or several for a single one; repeatable',
    collectFile,
  )
  .option('--ip-scale <number>', 'scale of the pictures of an --ip-adapter (default: 1); repeatable', parseIpScale)
  .option(
    '--lora <file:scale>',
    'LoRA (.safetensors file, folder or repository) and its scale (default: 1); repeatable',
    parseLora,
  )
  .option(
    '--embedding <token=file>',
    'textual inversion: a word that the prompts may use, and its .safetensors file, folder or repository; repeatable (default word: the name of the file)',
    parseEmbedding,
  )
  .option(
    '--lora-dir <folder>',
    'folder with the LoRAs for tags such as <lora:pixel-art:0.8> in the prompt (default: none)',
  )
  .option(
    '--refiner <model>',
    'model of the same family that takes the last steps: a folder or repository, as for --model',
  )
  .option('--refiner-revision <name>', "branch, tag or commit of the refiner's repository (default: main)")
  .option(
    '--refiner-start <number>',
    'fraction of the denoising after which the refiner takes over, between 0 and 1 (default: 0.8)',
    parseRefinerStart,
  )
  .option('--steps <number>', 'number of denoising steps (default: 25)', parseSteps)
  .option(
    '--guidance <scale>',
    "guidance scale; up to 1, guidance is off and the negative prompt is ignored (default: 4, or the --guider's)",
    parseGuidance,
  )
  .option(
    '--seed <number>',
    'seed of the random numbers, up to 64 bits; the same seed draws the same picture (default: a random one)',
    parseSeed,
  )
  .option('--scheduler <name>', "scheduler, e.g. euler or dpm++_2m_karras (default: the model's own)")
  .option('--guider <name>', 'guider, e.g. cfg, apg or pag (default: cfg)')
  .option(
    '--count <number>',
    'number of pictures, up to 1000, with consecutive seeds; file names end in the seed',
    parseCount,
    1,
  )
  .option('--size <pixels>', "width and height, e.g. 64 or 96x64 (default: the model's own)", parseSize)
  .option('--out <file>', 'file to write; - is standard output (default: named after the prompt and the seed)')
  .option('--preview <file>', 'file for previews during the run, e.g. preview.png (default: no previews)')
  .option('--preview-every <steps>', 'number of steps between two previews (default: 1)', parseSteps)
  .addOption(executorOption())
  .addOption(providerOption())
  .addOption(
    new Option('--backend <name>', 'backend of TensorFlow.js, with --executor eager').choices(backends).default('auto'),
  )
  .option('--threads <number>', 'number of threads (default: one for each processor)', parseThreads)
  .addOption(
    new Option(
      '--quantization <name>',
      "quantize the denoiser on the CPU: int8 is faster and smaller, int8wo and int4 are smaller, auto picks what is faster or fits in memory (default: the model's own precision)",
    ).choices(quantizations),
  )
  .option(
    '--memory-limit <size>',
    'memory limit for the weights of all models together, e.g. 6GB; a model that runs takes the memory of others if it needs it (default: no limit)',
    parseMemoryLimit,
  )
  .option('--no-safety-checker', 'turn off the safety checker of the model, which blackens pictures that it flags')
  .option('--check-numerics', 'stop with an error that names the first block that outputs NaN or infinity')
  .option('--profile', 'print time and peak memory of each block')
  .option('--trace <file>', 'file to write a Chrome trace to, for chrome://tracing or ui.perfetto.dev')
  .option('--json', 'print files, seed, settings and timings as JSON')
  .action(async (words: string[], options, command: Command) => {
    const ignored = options.listWords ? ignoredByListWords(words, givenOptions(command)) : undefined
    const contradiction = ignored ?? contradictionIn(words, options)
    if (contradiction !== undefined) program.error(`error: ${contradiction}`)
    if (options.listWords) {
      const { listWords } = await import('./list-words.js')
      await listWords(options)
      return
    }
    // The runtime of the graphs loads in a process of its own, while this one loads the rest.
    if (options.backend === 'auto' && options.executor !== 'eager') {
      const { sessionHost } = await import('../components/executors/graph/session-host.js')
      sessionHost.start()
    }
    const { generate } = await import('./generate.js')
    const { readPrompt } = await import('./read-prompt.js')
    await generate(await readPrompt(words, options.promptFile), { ...options, version })
  })

program
  .command('export')
  .description('write a component of a model as an .onnx file, for ONNX Runtime in any language')
  .argument('<model>', 'folder of a model in the diffusers layout, or .safetensors or .gguf file')
  .option('--component <name>', 'component, e.g. unet, vae_decoder, vae_encoder or text_encoder', 'unet')
  .requiredOption('--out <file>', 'file to write; large weights go to <file>.data beside it')
  .option('--batch <number>', 'batch size of the written model', parseNumber, 1)
  .option('--tokens <number>', "number of tokens of a prompt (default: the model's own)", parseNumber)
  .option(
    '--size <pixels>',
    "width and height of the pictures, e.g. 512 or 768x512 (default: the model's own)",
    parseSize,
  )
  .option(
    '--config <model>',
    'folder or repository with the configs for a single-file model (default: those of its family)',
  )
  .option('--json', 'print as JSON')
  .action(async (model: string, options) => {
    const { exportComponent } = await import('./export.js')
    await exportComponent(model, options)
  })

program
  .command('quantize')
  .description('write a copy of a model with a denoiser quantized to 8 or 4 bits, which loads faster and is smaller')
  .argument('<model>', 'folder in the diffusers layout, .safetensors or .gguf file, or repository such as org/name')
  .addOption(new Option('--to <name>', 'precision of the weights').choices(storedQuantizations).makeOptionMandatory())
  .option('--unet <file>', "UNet in one .safetensors or .gguf file, in place of the model's own")
  .requiredOption('--out <folder>', 'folder to write, which must be new or empty')
  .option('--revision <name>', 'branch, tag or commit of the repository (default: main)')
  .option('--offline', 'load the repository from the cache, without network requests')
  .option('--json', 'print as JSON')
  .action(async (model: string, options) => {
    const { quantize } = await import('./quantize.js')
    await quantize(model, options)
  })

program
  .command('inspect')
  .description('print the settings that a picture was made with, or what a weight file contains')
  .argument('<file>', 'a PNG file that tesserae wrote, or a .safetensors or .gguf file (only the header is read)')
  .option('--json', 'print as JSON')
  .action(async (file: string, options: { json?: boolean }) => {
    const { inspect } = await import('./inspect.js')
    await inspect(file, options)
  })

ofSubject('describe')
  .description('print the inputs, outputs, components and blocks of a pipeline')
  .addOption(
    new Option('--format <name>', 'output format (default: text)').choices(['text', 'markdown', 'json', 'json-schema']),
  )
  .addOption(new Option('--json', 'short for --format json').conflicts('format'))
  .action(async (subject: string | undefined, options) => {
    const { describe } = await import('./describe.js')
    await describe(subject, options)
  })

ofSubject('graph')
  .description('draw a diagram of the blocks of a pipeline, and of the values between them')
  .option(
    '--out <file>',
    'file to write, e.g. pipeline.svg, pipeline.png, pipeline.mmd or mellon_pipeline_config.json (default: standard output)',
  )
  .addOption(
    new Option(
      '--format <name>',
      'output format; mellon writes nodes for the Mellon editor (default: from the file name, otherwise svg)',
    ).choices(['svg', 'png', 'mermaid', 'mellon']),
  )
  .option(
    '--given <names...>',
    'inputs of an example call: blocks that it skips become pale, missing inputs red (default: no call)',
  )
  .action(async (subject: string | undefined, options) => {
    const { graph } = await import('./graph.js')
    await graph(subject, options)
  })

program
  .command('create')
  .description('create a block of your own')
  .command('block')
  .description('write a block with its test, README and package.json into a new folder')
  .argument('<name>', 'name of the block, e.g. my-block or MyBlock', parseBlockName)
  .option('--out <folder>', 'folder to write, which must be new or empty (default: named after the block)')
  .action(async (name: BlockName, options: { out?: string }) => {
    const { createBlock } = await import('./create-block.js')
    await createBlock(name, options)
  })

addServingCommands(program)

program
  .command('tour')
  .description('learn from five small programs: from a picture to a block of your own')
  .argument('[step]', 'show and run one step, from 1 to 5 (default: all of them, one after another)', parseTourStep)
  .option('--all', 'run all steps without asking in between (default without a terminal)')
  .addOption(
    new Option('--out <folder>', 'write the programs into a new folder as a project, and run none').conflicts('all'),
  )
  .action(async (step: number | undefined, { all, out }: { all?: boolean; out?: string }) => {
    if (step !== undefined && (all || out !== undefined)) {
      program.error(
        `error: one step cannot be combined with ${out === undefined ? '--all' : '--out'}, which applies to all steps. Leave out one of them.`,
      )
    }
    if (out !== undefined) {
      const { writeTourProject } = await import('./tour/tour-project.js')
      return writeTourProject(out)
    }
    const { tour } = await import('./tour/tour.js')
    await tour(step, { all: all ?? false })
  })

program
  .command('doctor')
  .description('test every backend, and print which ones work and why the others do not')
  .option('--json', 'print as JSON')
  .action(async (options: { json?: boolean }) => {
    const { doctor } = await import('./doctor.js')
    await doctor(options)
  })

/** The options that stand on the command line, e.g. `--seed`. */
function givenOptions(command: Command): string[] {
  const given = command.options.filter(option => command.getOptionValueSource(option.attributeName()) === 'cli')
  return given.flatMap(({ long }) => long ?? [])
}

/** A command that shows blocks, with the options that say which. */
function ofSubject(name: string): Command {
  return program
    .command(name)
    .argument('[subject]', SUBJECT)
    .option('--workflow <name>', 'show only the blocks of one workflow')
    .option('--revision <name>', 'branch, tag or commit of the repository (default: main)')
    .option(
      '--trust-remote-code',
      'run the custom block code of the model, at the commit or checksum in --revision (default: refuse it)',
    )
    .option('--offline', 'load the repository from the cache, without network requests')
}

watchOutput()

program.parseAsync().catch(reportFailure)
