/**
 * The two suites. The first one, `npm test`, takes at most three minutes on two cores: what is in its folders and not in its list of slow files.
 * `npm run test:rest` is everything else, and `npm run test:all` is both. A test that draws, starts a process or takes more than five seconds
 * belongs to another folder, or into the list.
 */
const { jest } = require('./package.json')

// The workers fill the processors: threads of ONNX Runtime or TensorFlow.js would only wait for each other.
process.env.TESSERAE_THREADS ??= '1'

const FIRST = ['src', 'components/checkpoints', 'components/configs', 'components/nn']

const SLOW = [
  'composition/loop-sequential-pipeline-blocks',
  'composition/ported-loop',
  'custom-blocks/load-blocks',
  'files/read-text',
  'nn/load-state-dict',
  'picture/mermaid',
  'picture/svg',
  'pipeline/component-lifecycle',
  'pipeline/limits',
  'pipeline/load-places',
  'pipeline/pipeline-stream',
  'storage/save-killed',
  'runtime/lifetimes',
  'state/state-file',
  'state/state-killed',
  'wiring/check-call',
  'wiring/random-trees',
]

const slow = SLOW.map(name => `/${name}\\.test\\.ts$`)

/** The configuration of a suite. */
exports.suite = name =>
  name === 'first'
    ? {
        ...jest,
        roots: FIRST.map(folder => `<rootDir>/__tests__/${folder}`),
        testPathIgnorePatterns: slow,
      }
    : {
        ...jest,
        testPathIgnorePatterns: [`/__tests__/(?:${FIRST.join('|')})/(?!.*(?:${SLOW.join('|')})\\.test\\.ts$)`],
      }
