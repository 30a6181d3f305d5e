/** An environment in which nothing says anything about the Hub. */

const NAMES = [
  'HF_ENDPOINT',
  'HF_HOME',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'HF_HUB_DISABLE_IMPLICIT_TOKEN',
  'HF_HUB_DISABLE_SYMLINKS',
  'HF_HUB_OFFLINE',
  'HF_TOKEN',
  'HF_TOKEN_PATH',
  'HUGGING_FACE_HUB_TOKEN',
  'TRANSFORMERS_OFFLINE',
  'XDG_CACHE_HOME',
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap(name => [name, name.toLowerCase()]),
]

/** Takes the settings of the Hub away for each test, and puts `HF_HOME` into a folder of the test. */
export function useHubEnvironment(home: () => string): void {
  let before: NodeJS.ProcessEnv
  beforeEach(() => {
    before = { ...process.env }
    for (const name of NAMES) delete process.env[name]
    process.env['HF_HOME'] = home()
  })
  afterEach(() => {
    for (const name of NAMES) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  })
}
