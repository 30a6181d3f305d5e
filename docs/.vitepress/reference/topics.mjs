/** The reference is sorted by topics, which follow from where a name is declared. */

/** From the beginning of a source file's path: the folder of the topic, and its title. The first that fits counts. */
const TOPICS = [
  ['blocks/stable-diffusion-xl/', 'stable-diffusion-xl', 'Stable Diffusion XL'],
  ['blocks/stable-diffusion/', 'stable-diffusion', 'Stable Diffusion 1 and 2'],
  ['blocks/steps/', 'steps', 'Steps that families share'],
  ['blocks/', 'families', 'Families'],
  ['src/pipeline/pipeline-families', 'families', 'Families'],
  ['components/adapters/', 'adapters', 'LoRA, IP-Adapter, textual inversion'],
  ['components/backends/', 'executors', 'Executors and backends'],
  ['components/executors/', 'executors', 'Executors and backends'],
  ['components/checkpoints/', 'checkpoints', 'Checkpoints'],
  ['components/single-file/', 'checkpoints', 'Checkpoints'],
  ['components/states/', 'checkpoints', 'Checkpoints'],
  ['components/guiders/', 'guiders', 'Guiders'],
  ['components/hub/', 'hub', 'The Hub'],
  ['src/hub/', 'hub', 'The Hub'],
  ['components/files/', 'hub', 'The Hub'],
  ['components/images/', 'images', 'Images'],
  ['components/previews/', 'images', 'Images'],
  ['components/models/', 'models', 'Models'],
  ['components/nn/', 'layers', 'Layers and modules'],
  ['components/tensors/', 'layers', 'Layers and modules'],
  ['components/quantization/', 'quantization', 'Quantization'],
  ['components/random/', 'random', 'Random numbers'],
  ['components/schedulers/', 'schedulers', 'Schedulers'],
  ['components/configs/', 'configs', 'Configs of components'],
  ['components/prompts/', 'text', 'Prompts and tokenizers'],
  ['components/tokenizers/', 'text', 'Prompts and tokenizers'],
  ['components/vocabulary/', 'text', 'Prompts and tokenizers'],
  ['components/', 'configs', 'Configs of components'],
  ['src/errors/', 'errors', 'Errors and warnings'],
  ['src/decorators/', 'blocks', 'Blocks and decorators'],
  ['src/composition/', 'blocks', 'Blocks and decorators'],
  ['src/custom-blocks/', 'blocks', 'Blocks and decorators'],
  ['src/params/', 'parameters', 'Inputs, outputs, components of a block'],
  ['src/container/', 'container', 'The container'],
  ['src/manager/', 'memory', 'Many pipelines and their memory'],
  ['src/runtime/', 'runs', 'Runs and events'],
  ['src/telemetry/', 'runs', 'Runs and events'],
  ['src/state/', 'state', 'State'],
  ['src/documentation/', 'describing', 'Describing and drawing blocks'],
  ['src/picture/', 'describing', 'Describing and drawing blocks'],
  ['src/mellon/', 'describing', 'Describing and drawing blocks'],
  ['src/wiring/', 'wiring', 'Wiring'],
  ['src/json-schema/', 'json', 'JSON'],
  ['src/wire/', 'json', 'JSON'],
  ['src/files/', 'files', 'Files'],
  ['src/storage/', 'files', 'Files'],
  ['src/format/', 'files', 'Files'],
  ['src/platform/', 'files', 'Files'],
  ['src/', 'pipelines', 'Pipelines'],
  ['server/', 'server', 'tesserae/server'],
  ['testing/', 'testing', 'tesserae/testing'],
]

/** The topics in the order of the sidebar. */
export const TOPIC_ORDER = [
  'pipelines',
  'blocks',
  'parameters',
  'state',
  'runs',
  'wiring',
  'container',
  'memory',
  'errors',
  'families',
  'steps',
  'stable-diffusion',
  'stable-diffusion-xl',
  'models',
  'schedulers',
  'guiders',
  'adapters',
  'text',
  'images',
  'random',
  'quantization',
  'executors',
  'layers',
  'checkpoints',
  'configs',
  'hub',
  'files',
  'describing',
  'json',
  'server',
  'testing',
]

/**
 * Returns the topic of what a source file declares: `{ folder, title }`.
 * @throws Error for a file that no topic covers.
 */
export function topicOf(file) {
  const found = TOPICS.find(([start]) => file.startsWith(start))
  if (found === undefined)
    throw new Error(`${file} belongs to no topic. Add it to docs/.vitepress/reference/topics.mjs.`)
  const [, folder, title] = found
  return { folder, title }
}
